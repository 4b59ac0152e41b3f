package org.bayu.llama.tokenizer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import it.unimi.dsi.fastutil.objects.Object2IntLinkedOpenHashMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bayu.tensor.io.StagedPath;

/**
 * Makes a byte-level tokenizer of Llama 3's form for a small model: every byte is a token, and
 * frequent neighbours are merged as far as the vocabulary has room.
 *
 * <p>Ids: 0 is the BOS {@code <s>}, 1 the EOS {@code </s>}, from 2 on the 256 bytes in order, then
 * the merges in the order in which they were learned. No text is unknown to it. The same texts in
 * the same order give the same files.
 */
public final class ByteLevelBpeTrainer {
  private static final String BOS = "<s>";
  private static final String EOS = "</s>";
  private static final int FIRST_BYTE = 2;

  /** Tokens without any merge: BOS, EOS and the bytes. */
  public static final int SMALLEST_VOCABULARY = FIRST_BYTE + 256;

  private final int vocabSize;
  private final List<String> pieces = new ArrayList<>();
  private final Object2IntLinkedOpenHashMap<String> ids = new Object2IntLinkedOpenHashMap<>();

  private ByteLevelBpeTrainer(int vocabSize) {
    this.vocabSize = vocabSize;
    ids.defaultReturnValue(Vocabulary.NONE);
    add(BOS);
    add(EOS);
    for (int b = 0; b < 256; b++) {
      add(String.valueOf(ByteLevel.character(b)));
    }
  }

  /**
   * Learns merges from texts and writes {@code tokenizer.json} and {@code tokenizer_config.json},
   * which {@link LlamaTokenizer#load} and Transformers read.
   *
   * @param vocabSize most tokens it may have; it has fewer when no further pair occurs twice
   * @param folder is made if it does not exist; files of these names are replaced
   * @throws IllegalArgumentException for a {@code vocabSize} below {@link #SMALLEST_VOCABULARY}
   * @throws IOException when the folder cannot be written
   */
  public static void train(Iterable<String> texts, int vocabSize, Path folder) throws IOException {
    if (vocabSize < SMALLEST_VOCABULARY) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "A byte-level vocabulary has at least %d tokens, not %d",
              SMALLEST_VOCABULARY,
              vocabSize));
    }
    var trainer = new ByteLevelBpeTrainer(vocabSize);
    var merges = trainer.learn(texts);
    Files.createDirectories(folder);
    write(folder.resolve(TokenizerConfig.FILE_NAME), config());
    write(folder.resolve(TokenizerJson.FILE_NAME), trainer.tokenizer(merges));
  }

  private List<BpeLearner.Pair> learn(Iterable<String> texts) {
    var learner = new BpeLearner();
    words(texts)
        .object2IntEntrySet()
        .fastForEach(word -> learner.add(symbols(word.getKey()), word.getIntValue()));
    var vocabulary =
        new BpeLearner.Symbols() {
          @Override
          public int join(BpeLearner.Pair pair) {
            int known = ids.getInt(text(pair));
            return known == Vocabulary.NONE ? add(text(pair)) : known;
          }

          @Override
          public boolean isFull() {
            return pieces.size() >= vocabSize;
          }
        };
    // A text that spells a special token must not become that token.
    return learner.learn(vocabulary, pair -> !text(pair).equals(BOS) && !text(pair).equals(EOS));
  }

  /** The words of the texts in the order of their first occurrence, and how often each occurs. */
  private static Object2IntLinkedOpenHashMap<String> words(Iterable<String> texts) {
    var cutter =
        PreTokenizer.split(
            TextPattern.regex(PreTokenizer.LLAMA3),
            PreTokenizer.Behavior.ISOLATED,
            /* invert= */ false);
    var words = new Object2IntLinkedOpenHashMap<String>();
    for (var text : texts) {
      var pieces = cutter.cut(Pieces.whole(text, /* beginsInput= */ true));
      for (int i = 0; i < pieces.count(); i++) {
        words.addTo(text.substring(pieces.start(i), pieces.end(i)), 1);
      }
    }
    return words;
  }

  private static int[] symbols(String word) {
    var symbols = new IntArrayList(word.length());
    word.codePoints()
        .forEach(
            codePoint -> {
              for (int i = 0, n = Utf8.length(codePoint); i < n; i++) {
                symbols.add(FIRST_BYTE + Utf8.unsignedByte(codePoint, i, n));
              }
            });
    return symbols.toIntArray();
  }

  private int add(String piece) {
    ids.put(piece, pieces.size());
    pieces.add(piece);
    return pieces.size() - 1;
  }

  private String text(BpeLearner.Pair pair) {
    return pieces.get(pair.left()) + pieces.get(pair.right());
  }

  private ObjectNode tokenizer(List<BpeLearner.Pair> merges) {
    var json = object().put("version", "1.0");
    json.putNull("truncation").putNull("padding");
    var added = json.putArray("added_tokens");
    for (var token : List.of(BOS, EOS)) {
      added.add(AddedToken.special(ids.getInt(token), token).toJson());
    }
    json.putNull("normalizer");
    var split = object().put("type", "Split");
    split.putObject("pattern").put("Regex", PreTokenizer.LLAMA3);
    split.put("behavior", "Isolated").put("invert", false);
    json.putObject("pre_tokenizer")
        .put("type", "Sequence")
        .putArray("pretokenizers")
        .add(split)
        .add(byteLevel());
    var bosInFront = new Template(IntList.of(ids.getInt(BOS)), IntList.of());
    json.set("post_processor", bosInFront.toJson(pieces::get));
    json.set("decoder", byteLevel());
    json.set("model", model(merges));
    return json;
  }

  private static ObjectNode byteLevel() {
    return object()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", false);
  }

  private ObjectNode model(List<BpeLearner.Pair> merges) {
    var json = object().put("type", "BPE");
    json.putNull("dropout").putNull("unk_token");
    json.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    json.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
    var vocab = json.putObject("vocab");
    for (int id = 0; id < pieces.size(); id++) {
      vocab.put(pieces.get(id), id);
    }
    var list = json.putArray("merges");
    for (var pair : merges) {
      list.addArray().add(pieces.get(pair.left())).add(pieces.get(pair.right()));
    }
    return json;
  }

  private static ObjectNode config() {
    return object()
        .put("tokenizer_class", "PreTrainedTokenizerFast")
        .put("bos_token", BOS)
        .put("eos_token", EOS)
        .put("clean_up_tokenization_spaces", false);
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  private static void write(Path file, ObjectNode json) throws IOException {
    try (var staged = StagedPath.file(file)) {
      Files.write(
          staged.path(),
          new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsBytes(json));
      staged.publish();
    }
  }
}

package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.Int2IntLinkedOpenHashMap;
import it.unimi.dsi.fastutil.ints.Int2IntMap;
import it.unimi.dsi.fastutil.objects.Object2IntLinkedOpenHashMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.bayu.tensor.io.ProtobufWriter;
import org.bayu.tensor.io.StagedPath;

/**
 * Makes a tokenizer of Llama 2's form: SentencePiece's BPE with byte fallback. It learns from texts
 * which neighbours are frequent; the same texts in the same order give the same files.
 *
 * <p>Ids: {@code <unk>}, {@code <s>}, {@code </s>}, the special tokens, the 256 bytes, the merged
 * pieces in the order in which they were learned, and the characters from the most frequent on. A
 * character that is not among them is written as its bytes, so no text is unknown. Words are cut at
 * spaces, and digits stand alone.
 */
public final class SentencePieceTrainer {
  private static final String UNKNOWN = "<unk>";
  private static final String BOS = "<s>";
  private static final String EOS = "</s>";
  private static final String SPACE = String.valueOf(Normalizer.SPACE);

  // The file's own numbers, of sentencepiece_model.proto.
  private static final int NORMAL_PIECE = 1;
  private static final int UNKNOWN_PIECE = 2;
  private static final int CONTROL_PIECE = 3;
  private static final int BYTE_PIECE = 6;
  private static final int BPE = 2;

  /** The share of the texts' characters that get a piece: SentencePiece's default. */
  private static final double COVERAGE = 0.9995;

  /** Characters of a piece at most: SentencePiece's default. */
  private static final int MAX_CHARACTERS = 16;

  private final Settings settings;
  private final List<String> symbols = new ArrayList<>();
  private final Object2IntLinkedOpenHashMap<String> ids = new Object2IntLinkedOpenHashMap<>();
  private int characters;

  /**
   * What is asked of a tokenizer.
   *
   * @param vocabSize most tokens it may have; it has fewer when no further pair occurs twice
   * @param special tokens beside {@code <unk>}, {@code <s>} and {@code </s>}; text never becomes
   *     one
   */
  public record Settings(int vocabSize, List<String> special) {
    /** Tokens that are there before anything is learned. */
    int fixed() {
      return 3 + special.size() + 256;
    }

    /**
     * Checks them.
     *
     * @throws IllegalArgumentException if the vocabulary has no room for the bytes and one more, or
     *     if a special token is empty or there twice
     */
    public Settings {
      special = List.copyOf(special);
      var names = new ArrayList<>(special);
      names.addAll(List.of(UNKNOWN, BOS, EOS));
      if (special.contains("") || Set.copyOf(names).size() < names.size()) {
        throw new IllegalArgumentException(
            "each special token must be a text of its own, and none of <unk>, <s> and </s>");
      }
      if (vocabSize <= 3 + special.size() + 256) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "a vocabulary with byte fallback has more than %d tokens, not %d",
                3 + special.size() + 256,
                vocabSize));
      }
    }
  }

  private SentencePieceTrainer(Settings settings) {
    this.settings = settings;
    ids.defaultReturnValue(Vocabulary.NONE);
  }

  /**
   * Learns from texts and writes {@code tokenizer.model}, which SentencePiece reads, and beside it
   * {@code tokenizer.json} and {@code tokenizer_config.json} for Transformers.
   *
   * @param folder is made if it does not exist; files of these names are replaced
   * @return the number of tokens
   * @throws IOException when the folder cannot be written
   */
  public static int train(Iterable<String> texts, Settings settings, Path folder)
      throws IOException {
    var trainer = new SentencePieceTrainer(settings);
    trainer.learn(texts);
    Files.createDirectories(folder);
    try (var staged = StagedPath.file(folder.resolve(SentencePieceModel.FILE_NAME))) {
      Files.write(staged.path(), trainer.model());
      staged.publish();
    }
    Files.deleteIfExists(folder.resolve(TokenizerJson.FILE_NAME));
    SavedTokenizer.complete(folder);
    return settings.fixed() + trainer.symbols.size();
  }

  private void learn(Iterable<String> texts) {
    var words = words(texts);
    addCharacters(words);
    var learner = new BpeLearner();
    words
        .object2IntEntrySet()
        .fastForEach(word -> addRuns(learner, word.getKey(), word.getIntValue()));
    learner.learn(
        new BpeLearner.Symbols() {
          @Override
          public int join(BpeLearner.Pair pair) {
            var text = text(pair);
            var known = ids.getInt(text);
            return known == Vocabulary.NONE ? add(text) : known;
          }

          @Override
          public boolean isFull() {
            return settings.fixed() + symbols.size() >= settings.vocabSize;
          }
        },
        pair -> {
          var text = text(pair);
          return text.codePointCount(0, text.length()) <= MAX_CHARACTERS && !isReserved(text);
        });
  }

  /** Whether a text spells a token that text must not become. */
  private boolean isReserved(String text) {
    return text.equals(UNKNOWN)
        || text.equals(BOS)
        || text.equals(EOS)
        || settings.special.contains(text)
        || text.matches("<0x[0-9A-F]{2}>");
  }

  /** The words of the texts in the order of their first occurrence, and how often each occurs. */
  private static Object2IntLinkedOpenHashMap<String> words(Iterable<String> texts) {
    var words = new Object2IntLinkedOpenHashMap<String>();
    for (var text : texts) {
      var escaped = Normalizer.SPACE + text.replace(' ', Normalizer.SPACE);
      var begin = 0;
      for (var i = 1; i <= escaped.length(); i++) {
        if (i == escaped.length() || escaped.charAt(i) == Normalizer.SPACE) {
          words.addTo(escaped.substring(begin, i), 1);
          begin = i;
        }
      }
    }
    return words;
  }

  private void addCharacters(Object2IntLinkedOpenHashMap<String> words) {
    var counts = new Int2IntLinkedOpenHashMap();
    var all = 0L;
    for (var word : words.object2IntEntrySet()) {
      for (var character : word.getKey().codePoints().toArray()) {
        counts.addTo(character, word.getIntValue());
        all += word.getIntValue();
      }
    }
    var covered = 0L;
    var room = settings.vocabSize - settings.fixed();
    var byFrequency =
        counts.int2IntEntrySet().stream()
            .sorted(
                Comparator.<Int2IntMap.Entry>comparingInt(entry -> -entry.getIntValue())
                    .thenComparingInt(Int2IntMap.Entry::getIntKey))
            .toList();
    for (var character : byFrequency) {
      // The space has a piece however rare it is: from its bytes it would come back as its mark.
      var isSpace = character.getIntKey() == Normalizer.SPACE;
      var places = ids.containsKey(SPACE) || isSpace ? room : room - 1;
      if (isSpace || (covered < COVERAGE * all && symbols.size() < places)) {
        covered += character.getIntValue();
        add(Character.toString(character.getIntKey()));
      }
    }
    characters = symbols.size();
  }

  /** Adds the runs of a word's characters that may be merged: digits and unknown ones end a run. */
  private void addRuns(BpeLearner learner, String word, int frequency) {
    var run = new ArrayList<Integer>();
    for (var character : word.codePoints().toArray()) {
      var id = ids.getInt(Character.toString(character));
      if (id == Vocabulary.NONE || Character.isDigit(character)) {
        addRun(learner, run, frequency);
      } else {
        run.add(id);
      }
    }
    addRun(learner, run, frequency);
  }

  private static void addRun(BpeLearner learner, List<Integer> run, int frequency) {
    if (run.size() > 1) {
      learner.add(run.stream().mapToInt(Integer::intValue).toArray(), frequency);
    }
    run.clear();
  }

  private int add(String symbol) {
    ids.put(symbol, symbols.size());
    symbols.add(symbol);
    return symbols.size() - 1;
  }

  private String text(BpeLearner.Pair pair) {
    return symbols.get(pair.left()) + symbols.get(pair.right());
  }

  /** The file: sentencepiece_model.proto of SentencePiece. */
  private byte[] model() {
    var model = new ProtobufWriter();
    piece(model, UNKNOWN, 0, UNKNOWN_PIECE);
    piece(model, BOS, 0, CONTROL_PIECE);
    piece(model, EOS, 0, CONTROL_PIECE);
    settings.special.forEach(token -> piece(model, token, 0, CONTROL_PIECE));
    for (var b = 0; b < 256; b++) {
      piece(model, Vocabulary.byteToken(b), 0, BYTE_PIECE);
    }
    var rank = 0;
    for (var symbol : symbols.subList(characters, symbols.size())) {
      piece(model, symbol, -rank++, NORMAL_PIECE);
    }
    for (var symbol : symbols.subList(0, characters)) {
      piece(model, symbol, -rank++, NORMAL_PIECE);
    }
    model.message(
        2,
        new ProtobufWriter()
            .number(3, BPE)
            .number(4, settings.fixed() + symbols.size())
            .number(25, 1) // split_digits
            .number(35, 1) // byte_fallback
            .number(41, 1) // bos_id
            .number(42, 2)); // eos_id
    model.message(
        3,
        new ProtobufWriter()
            .text(1, "identity")
            .number(3, 1) // add_dummy_prefix
            .zero(4) // remove_extra_whitespaces
            .number(5, 1)); // escape_whitespaces
    return model.toBytes();
  }

  private static void piece(ProtobufWriter model, String text, int score, int type) {
    model.message(1, new ProtobufWriter().text(1, text).float32(2, score).number(3, type));
  }
}

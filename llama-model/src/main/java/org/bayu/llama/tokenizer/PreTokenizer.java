package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;

/** Cuts pieces of text further. That bytes then stand for themselves is {@link Bpe}'s part. */
@FunctionalInterface
interface PreTokenizer {
  /** One piece as it is. */
  PreTokenizer NONE = pieces -> pieces;

  /** GPT-2's expression, which {@code ByteLevel} brings along. */
  String GPT2 =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

  /** Llama 3's expression: merges do not cross words, and numbers are cut after three digits. */
  String LLAMA3 =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  Pieces cut(Pieces pieces);

  /** What becomes of the stretches that a {@code Split}'s pattern matches. */
  enum Behavior {
    REMOVED,
    ISOLATED,
    MERGED_WITH_PREVIOUS,
    MERGED_WITH_NEXT,
    CONTIGUOUS
  }

  /** Which pieces {@code Metaspace} puts its space in front of. */
  enum PrependScheme {
    ALWAYS,
    FIRST,
    NEVER
  }

  /** One after the other. */
  static PreTokenizer sequence(List<PreTokenizer> stages) {
    return pieces -> {
      for (var stage : stages) {
        pieces = stage.cut(pieces);
      }
      return pieces;
    };
  }

  /** The stages of a component; what they add to the text is limited. */
  private static PreTokenizer sequence(JsonObject component, List<PreTokenizer> stages) {
    return pieces -> {
      var cut = pieces;
      for (var stage : stages) {
        cut = stage.cut(cut);
        Growth.check(component, pieces.text().length(), cut.text().length());
      }
      return cut;
    };
  }

  /** Cuts at the matches of a pattern, or with {@code invert} at what lies between them. */
  static PreTokenizer split(TextPattern pattern, Behavior behavior, boolean invert) {
    return pieces -> {
      var result =
          new Pieces(
              pieces.text(),
              new IntArrayList(pieces.text().length() / 2 + 2),
              pieces.beginsInput());
      var spans = new IntArrayList();
      for (int i = 0; i < pieces.count(); i++) {
        // Alternating spans: between matches, match, between matches, …; each may be empty.
        spans.clear();
        spans.add(pieces.start(i));
        pattern.find(pieces.text(), pieces.start(i), pieces.end(i), spans);
        spans.add(pieces.end(i));
        addSpans(spans, behavior, invert, result);
      }
      return result;
    };
  }

  private static void addSpans(IntArrayList edges, Behavior behavior, boolean invert, Pieces out) {
    int open = edges.getInt(0);
    boolean afterMatch = false;
    for (int i = 0; i + 1 < edges.size(); i++) {
      int start = edges.getInt(i);
      int end = edges.getInt(i + 1);
      boolean isMatch = i % 2 == 1;
      if (start == end && !isMatch) {
        continue;
      }
      boolean match = isMatch != invert;
      boolean joins =
          switch (behavior) {
            case REMOVED, ISOLATED -> false;
            case CONTIGUOUS -> match == afterMatch;
            case MERGED_WITH_PREVIOUS -> match && !afterMatch;
            case MERGED_WITH_NEXT -> !match && afterMatch;
          };
      if (!joins) {
        out.add(open, start);
        open = start;
      }
      if (behavior == Behavior.REMOVED && match) {
        open = end;
      }
      afterMatch = match;
    }
    out.add(open, edges.getInt(edges.size() - 1));
  }

  /** Spaces as {@code space}, one more in front where the scheme wants it and none is. */
  static PreTokenizer metaspace(String space, PrependScheme scheme, boolean split) {
    PreTokenizer replace =
        pieces -> {
          var text = new StringBuilder(pieces.text().length() + 1);
          var result = new Pieces("", new IntArrayList(), pieces.beginsInput());
          for (int i = 0; i < pieces.count(); i++) {
            int start = text.length();
            boolean wanted =
                switch (scheme) {
                  case ALWAYS -> true;
                  case FIRST -> pieces.beginsInput() && pieces.start(i) == 0;
                  case NEVER -> false;
                };
            var piece = pieces.text().substring(pieces.start(i), pieces.end(i)).replace(" ", space);
            if (wanted && !piece.startsWith(space)) {
              text.append(space);
            }
            text.append(piece);
            result.add(start, text.length());
          }
          return new Pieces(text.toString(), result.bounds(), result.beginsInput());
        };
    return split
        ? sequence(
            List.of(
                replace,
                split(TextPattern.literal(space), Behavior.MERGED_WITH_NEXT, /* invert= */ false)))
        : replace;
  }

  /** A space in front of every piece that does not begin with one. */
  private static PreTokenizer prefixSpace() {
    return pieces -> {
      var text = new StringBuilder(pieces.text().length() + 1);
      var result = new Pieces("", new IntArrayList(), pieces.beginsInput());
      for (int i = 0; i < pieces.count(); i++) {
        int start = text.length();
        if (pieces.text().charAt(pieces.start(i)) != ' ') {
          text.append(' ');
        }
        text.append(pieces.text(), pieces.start(i), pieces.end(i));
        result.add(start, text.length());
      }
      return new Pieces(text.toString(), result.bounds(), result.beginsInput());
    };
  }

  /** Whether a {@code pre_tokenizer} of tokenizer.json ends with ByteLevel. */
  static boolean isByteLevel(JsonObject json) throws MalformedFileException {
    if (json.string("type").equals("Sequence")) {
      var stages = json.objects("pretokenizers");
      return !stages.isEmpty() && isByteLevel(stages.getLast());
    }
    return json.string("type").equals("ByteLevel");
  }

  /** Reads a {@code pre_tokenizer} of tokenizer.json. */
  static PreTokenizer read(JsonObject json) throws MalformedFileException {
    return read(json, /* last= */ true);
  }

  private static PreTokenizer read(JsonObject json, boolean last) throws MalformedFileException {
    var type = json.string("type");
    return switch (type) {
      case "Sequence" -> {
        var stages = new ArrayList<PreTokenizer>();
        var entries = json.objects("pretokenizers");
        for (var entry : entries) {
          stages.add(read(entry, last && stages.size() == entries.size() - 1));
        }
        yield sequence(json, stages);
      }
      case "Split" ->
          split(
              TextPattern.read(json),
              choice(Behavior.class, json, "behavior", json.string("behavior")),
              json.bool("invert", false));
      case "Digits" ->
          split(
              TextPattern.regex(json.bool("individual_digits", false) ? "\\p{N}" : "\\p{N}+"),
              Behavior.ISOLATED,
              /* invert= */ false);
      case "Metaspace" -> {
        // Files of older versions say add_prefix_space, which is the scheme "always".
        var scheme = json.bool("add_prefix_space", true) ? "always" : "never";
        yield metaspace(
            json.character("replacement"),
            choice(
                PrependScheme.class, json, "prepend_scheme", json.string("prepend_scheme", scheme)),
            json.bool("split", true));
      }
      case "ByteLevel" -> {
        if (!last) {
          throw json.malformed("type", "is ByteLevel, which Bayu reads in the last place only");
        }
        var stages = new ArrayList<PreTokenizer>();
        if (json.bool("add_prefix_space", true)) {
          stages.add(prefixSpace());
        }
        if (json.bool("use_regex", true)) {
          stages.add(split(TextPattern.regex(GPT2), Behavior.ISOLATED, /* invert= */ false));
        }
        yield sequence(stages);
      }
      default -> throw json.unknown("pre-tokenizer", type);
    };
  }

  /** The constant that a file writes as {@code MergedWithNext} or {@code merged_with_next}. */
  private static <E extends Enum<E>> E choice(
      Class<E> type, JsonObject json, String key, String name) throws MalformedFileException {
    for (var constant : type.getEnumConstants()) {
      var squeezed = constant.name().replace("_", "");
      if (squeezed.equals(name.replace("_", "").toUpperCase(Locale.ROOT))) {
        return constant;
      }
    }
    throw json.malformed(key, Printable.quote(name) + " is not one that Bayu implements");
  }
}

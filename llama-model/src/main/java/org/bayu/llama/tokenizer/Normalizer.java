package org.bayu.llama.tokenizer;

import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.function.UnaryOperator;
import org.bayu.tensor.io.MalformedFileException;

/** Rewrites a stretch of text before it is cut into pieces. */
@FunctionalInterface
interface Normalizer {
  /** Stands for a space inside pieces: U+2581. */
  char SPACE = '\u2581';

  /** Leaves the text as it is. */
  Normalizer IDENTITY = text -> text;

  String normalize(String text);

  /** Puts a prefix in front of every text that is not empty. */
  static Normalizer prepend(String prefix) {
    return text -> text.isEmpty() ? text : prefix + text;
  }

  /**
   * SentencePiece's white space rules inside a text, with the identity as character map.
   *
   * @param removeExtra runs of spaces as one
   * @param escape spaces as U+2581
   */
  static Normalizer sentencePiece(boolean removeExtra, boolean escape) {
    char space = escape ? SPACE : ' ';
    return text -> {
      var result = new StringBuilder(text.length());
      boolean afterSpace = false;
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (c != ' ') {
          result.append(c);
        } else if (!afterSpace) {
          result.append(space);
        }
        afterSpace = removeExtra && c == ' ';
      }
      return result.toString();
    };
  }

  /** Reads a {@code normalizer} of tokenizer.json. */
  static Normalizer read(JsonObject json) throws MalformedFileException {
    var type = json.string("type");
    return switch (type) {
      case "Sequence" -> {
        var stages = new ArrayList<UnaryOperator<String>>();
        for (var stage : json.objects("normalizers")) {
          stages.add(read(stage)::normalize);
        }
        yield Growth.sequence(json, stages)::apply;
      }
      case "Prepend" -> prepend(json.string("prepend", Vocabulary.LONGEST));
      case "Replace" -> {
        var replacement = TextPattern.readReplacement(json);
        yield replacement::apply;
      }
      case "NFC", "NFD", "NFKC", "NFKD" -> {
        var form = Form.valueOf(type);
        yield text -> java.text.Normalizer.normalize(text, form);
      }
      default -> throw json.unknown("normalizer", type);
    };
  }
}

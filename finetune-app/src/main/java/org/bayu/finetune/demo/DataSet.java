package org.bayu.finetune.demo;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bayu.finetune.demo.TrailSentences.Sentence;
import org.bayu.train.data.BadRowException;
import org.bayu.train.data.PromptTemplate;

/** Sentences, and their meanings in one notation. */
record DataSet(String name, Notation notation, List<Sentence> sentences) {

  /** The four of the demo: to train and to validate each task. */
  static List<DataSet> all(TrailSentences sentences, DemoSize size) {
    return List.of(
        new DataSet("base-train", Notation.BASE, sentences.training(size.baseRows())),
        new DataSet("base-validation", Notation.BASE, sentences.validation(size.validationRows())),
        new DataSet("changed-train", Notation.CHANGED, sentences.training(size.changedRows())),
        new DataSet(
            "changed-validation", Notation.CHANGED, sentences.validation(size.validationRows())));
  }

  /** ViGGO's CSV: columns {@code mr} and {@code ref}. */
  String csv() {
    return sentences.stream()
        .map(
            sentence ->
                quoted(notation.write(sentence.meaning())) + "," + quoted(sentence.text()) + "\n")
        .collect(Collectors.joining("", "mr,ref\n", ""));
  }

  private static String quoted(String field) {
    return '"' + field.replace("\"", "\"\"") + '"';
  }

  /**
   * What a tokenizer learns from: prompts and, apart from them, outputs. So it has no token that
   * begins in a prompt and ends in an output, and a prompt alone has the tokens that it has in
   * front of an output.
   */
  Stream<String> texts(String instruction) {
    return sentences.stream()
        .flatMap(
            sentence ->
                Stream.of(
                    prompt(instruction, sentence.text()), notation.write(sentence.meaning())));
  }

  private static String prompt(String instruction, String text) {
    try {
      var fields = Map.of("instruction", instruction, "input", text);
      return PromptTemplate.ALPACA.fill(fields::get).text();
    } catch (BadRowException e) {
      throw new IllegalStateException("the template has these two fields", e);
    }
  }
}

package org.bayu.finetune.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.bayu.finetune.sentences.Notation;
import org.bayu.finetune.sentences.TrailSentences;
import org.bayu.finetune.sentences.TrailSentences.Sentence;
import org.bayu.train.files.AtomicFile;

/**
 * Sentences about hiking trails in a notation that the base model does not know, as ViGGO's CSV.
 *
 * @param training rows
 * @param validation rows, about other trails
 */
public record TrailRows(int training, int validation) implements DemoData {
  /** Enough to learn the notation. */
  public static final TrailRows STANDARD = new TrailRows(2000, 200);

  /** Not the base model's, so that these sentences are new to it. */
  private static final long SEED = 2;

  @Override
  public void write(DemoFiles files) throws IOException {
    files.writeInstruction();
    var sentences = new TrailSentences(SEED);
    write(csv(files, "train"), sentences.training(training));
    write(csv(files, "validation"), sentences.validation(validation));
  }

  @Override
  public List<List<String>> commands(DemoFiles files) {
    return DemoData.prepareBoth(
        files, csv(files, "train").toString(), csv(files, "validation").toString());
  }

  @Override
  public String title() {
    return validation + " validation rows about trails that no training row names";
  }

  private static Path csv(DemoFiles files, String name) {
    return files.data().resolve(name + ".csv");
  }

  private static void write(Path file, List<Sentence> sentences) throws IOException {
    var text =
        sentences.stream()
            .map(
                sentence ->
                    quoted(Notation.CHANGED.write(sentence.meaning()))
                        + ","
                        + quoted(sentence.text())
                        + "\n")
            .collect(Collectors.joining("", "mr,ref\n", ""));
    AtomicFile.write(file, out -> out.write(text.getBytes(UTF_8)));
  }

  private static String quoted(String field) {
    return '"' + field.replace("\"", "\"\"") + '"';
  }
}

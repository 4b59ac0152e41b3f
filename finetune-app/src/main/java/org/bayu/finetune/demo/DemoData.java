package org.bayu.finetune.demo;

import java.io.IOException;
import java.util.List;

/** Where a demo's rows come from. */
public interface DemoData {
  /** Writes into {@link DemoFiles#data} what no command makes. */
  void write(DemoFiles files) throws IOException;

  /** The commands that make {@code train.jsonl} and {@code validation.jsonl} from it. */
  List<List<String>> commands(DemoFiles files);

  /** What a table of scores is of, for example: 200 rows about trails. */
  String title();

  /** The arguments of {@code prepare} for the two sets. */
  static List<List<String>> prepareBoth(DemoFiles files, String training, String validation) {
    return List.of(prepare(files, "train", training), prepare(files, "validation", validation));
  }

  private static List<String> prepare(DemoFiles files, String name, String input) {
    return List.of(
        "prepare",
        "--format",
        "viggo",
        "--input",
        input,
        "--output",
        files.rows(name).toString(),
        "--prompt",
        files.instruction().toString());
  }
}

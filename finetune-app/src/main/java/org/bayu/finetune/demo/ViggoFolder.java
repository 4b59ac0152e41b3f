package org.bayu.finetune.demo;

import java.io.IOException;
import java.util.List;

/**
 * ViGGO's own rows.
 *
 * @param training its {@code train.csv}, or what else {@code prepare} reads
 * @param validation its {@code valid.csv}
 */
public record ViggoFolder(String training, String validation) implements DemoData {
  @Override
  public void write(DemoFiles files) throws IOException {
    files.writeInstruction();
  }

  @Override
  public List<List<String>> commands(DemoFiles files) {
    return DemoData.prepareBoth(files, training, validation);
  }

  @Override
  public String title() {
    return "the validation rows of ViGGO";
  }
}

package com.example;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bayu.llama.generate.Generator;
import org.bayu.llama.generate.Sampling;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.lora.LoraConfig;
import org.bayu.remote.files.LocalFiles;
import org.bayu.tensor.DType;
import org.bayu.tensor.device.Devices;
import org.bayu.train.Adaptation;
import org.bayu.train.TrainSettings;
import org.bayu.train.data.ExampleTokenizer;
import org.bayu.train.data.PromptedRow;
import org.bayu.train.finetune.FineTuning;

/**
 * Teaches a Llama to complete a sentence: trains a LoRA adapter until the loss is small, lets the
 * model speak, and saves the adapter as PEFT would.
 *
 * <p>Arguments: the model's folder or its name on the Hub, the sentence's beginning, its end, a new
 * folder for the adapter.
 */
final class TeachASentence {
  private TeachASentence() {}

  public static void main(String[] args) throws IOException {
    try (var files = LocalFiles.ofProcess(System.err::println);
        var base = ModelFolder.open(files.model(args[0]).folder());
        var device = Devices.cpu()) {
      var tokenizer = base.tokenizer();
      var rows = List.of(PromptedRow.of(args[1], args[2]));
      var data = new ExampleTokenizer(tokenizer, 512).examples(rows);
      var settings = TrainSettings.of(100, 1, 1e-2);
      var lora = Adaptation.lora(LoraConfig.DEFAULT);
      try (var tuning = FineTuning.open(base, lora, data, null, settings, device)) {
        var trainer = tuning.trainer();
        trainer.listen(
            report -> {
              System.err.println("step " + report.step() + ": loss " + report.loss());
              if (report.loss() < 0.01) {
                trainer.stop();
              }
            });
        trainer.run();

        var generator = new Generator(tuning.model(), device, DType.F32, base.stopTokens());
        var prompt = tokenizer.prompt(args[1]);
        var answers =
            generator.generate(List.of(prompt.toIntArray()), 64, Sampling.GREEDY, (_, _) -> {});
        // Decoded as one text: alone the answer would lose the space that it begins with.
        var spoken = new IntArrayList(prompt);
        spoken.addAll(answers.getFirst());
        System.out.println(tokenizer.decode(spoken));

        tuning.save(Path.of(args[3]));
      }
    }
  }
}

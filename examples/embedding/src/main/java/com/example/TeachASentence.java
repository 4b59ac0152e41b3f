package com.example;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.TokenTree;
import org.bayu.llama.generate.Generator;
import org.bayu.llama.generate.Sampling;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.LoraConfig;
import org.bayu.lora.PeftFormat;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.optim.AdamW;

/**
 * Teaches a Llama a sentence by a LoRA adapter, has the model continue the sentence's first word,
 * and saves the adapter as PEFT would.
 *
 * <p>Arguments: the model folder, the sentence, the folder for the adapter. On the class path Java
 * needs {@code --add-modules jdk.incubator.vector}, or Bayu computes with its slow scalar kernels;
 * as a module, a project needs no flag.
 */
final class TeachASentence {
  private static final int STEPS = 30;
  private static final double LEARNING_RATE = 1e-2;

  private TeachASentence() {}

  public static void main(String[] args) throws IOException {
    var sentence = args[1];
    try (var folder = ModelFolder.open(Path.of(args[0]));
        var device = Devices.cpu()) {
      var model = folder.model();
      var tokenizer = folder.tokenizer();
      try (var adapter = LoraAdapter.inject(model, LoraConfig.DEFAULT, 0)) {
        teach(model, adapter, device, tokenizer.prompt(sentence).toIntArray());

        var firstWord = tokenizer.prompt(sentence.split(" ")[0]).toIntArray();
        var generator = new Generator(model, device, DType.F32, folder.stopTokens());
        var tokens = generator.generate(List.of(firstWord), 32, Sampling.GREEDY, (_, _) -> {});
        System.out.println(tokenizer.decode(tokens.getFirst()));

        PeftFormat.save(adapter, Path.of(args[2]), args[0]);
      }
    }
  }

  private static void teach(LlamaModel model, LoraAdapter adapter, Device device, int[] tokens) {
    var tree = TokenTree.of(List.of(tokens), TokenTree.DEFAULT_MINIMUM_SHARED);
    var rows =
        IntStream.range(0, tokens.length - 1).toArray(); // each is to foretell the next token
    var next = Arrays.copyOfRange(tokens, 1, tokens.length);
    var weights = new double[rows.length];
    Arrays.fill(weights, 1.0 / rows.length); // the mean over the tokens
    var targets = new Targets(rows, next, weights);

    var parameters = adapter.parameters(); // the model's own weights stay as they are
    var settings = new AdamW.Settings(0.9, 0.95, 1e-8, 0);
    try (var workspace = new Workspace();
        var gradients = new Gradients(parameters.stream().map(Parameter::value).toList());
        var optimizer = new AdamW(device, parameters, settings)) {
      for (var step = 1; step <= STEPS; step++) {
        gradients.zero();
        var tape = new Tape(device, workspace, gradients);
        var loss = model.loss(tape, model.hidden(tape, tree, DType.F32, false), targets);
        System.err.printf(Locale.ROOT, "step %d: loss %.4f%n", step, loss.value().getFloat(0));
        tape.backward(loss); // gives the memory of the values back
        optimizer.step(gradients, LEARNING_RATE, 1);
        workspace.reset(); // the next step uses the same memory
      }
    }
  }
}

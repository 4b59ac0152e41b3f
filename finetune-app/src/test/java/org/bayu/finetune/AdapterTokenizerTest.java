package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.finetune.error.ExitCode;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapter folders with a tokenizer of their own, as other programs save them. */
class AdapterTokenizerTest {
  private static final String IN_USE =
      ": The adapter's own tokenizer is in use, which differs from the model's: its EOS is"
          + " \"<|eot_id|>\" for \"<|end_of_text|>\".";

  @TempDir private Path folder;
  private Path model;
  private Path adapter;

  @BeforeEach
  void trainAnAdapter() throws IOException {
    model = SmallModel.in(folder);
    var run = train("x", "a row");
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    adapter = folder.resolve("saves/x/step-1");
    for (var name : List.of("tokenizer.json", "tokenizer_config.json")) {
      Files.copy(model.resolve(name), adapter.resolve(name));
    }
    var config = Files.readString(model.resolve("tokenizer_config.json"));
    assertTrue(config.contains("<|end_of_text|>"));
    Files.writeString(
        adapter.resolve("tokenizer_config.json"), config.replace("<|end_of_text|>", "<|eot_id|>"));
  }

  private CommandLineRun train(String id, String prompt, Object... more) throws IOException {
    var data = folder.resolve("rows.jsonl");
    Files.writeString(data, "{\"prompt\": \"" + prompt + "\", \"completion\": \"yes\"}\n");
    var all =
        new ArrayList<Object>(
            List.of(
                "train",
                "--data=" + data,
                "--data_cache_dir=" + folder.resolve("cache"),
                "--model_name_or_path=" + model,
                "--trainer.output_dir=" + folder.resolve("runs"),
                "--trainer.id=" + id,
                "--trainer.num_train_steps=1",
                "--trainer.train_batch_size=1",
                "--lora.r=2",
                "--hf_save_path=" + folder.resolve("saves")));
    all.addAll(List.of(more));
    return CommandLineRun.of(all.toArray());
  }

  private CommandLineRun goOn(String prompt) throws IOException {
    return train("y", prompt, "--lora.initialize_from=" + adapter);
  }

  private CommandLineRun generate() {
    return CommandLineRun.of(
        "generate", "--model", model, "--adapter", adapter, "--prompt", "a", "--max_new_tokens", 2);
  }

  private CommandLineRun merge(Path output) {
    return CommandLineRun.of("merge", "--model", model, "--adapter", adapter, "--output", output);
  }

  @Test
  void theAdaptersTokenizerIsInUseAndALineSaysHowItDiffers() throws IOException {
    var generate = generate();
    assertEquals(ExitCode.DONE, generate.exitCode(), generate.err());
    assertTrue(generate.err().contains(adapter + IN_USE), generate.err());
    var more = goOn("a row");
    assertEquals(ExitCode.DONE, more.exitCode(), more.err());
    assertTrue(more.err().contains(adapter + IN_USE), more.err());
  }

  @Test
  void aMergedModelHasTheAdaptersTokenizer() throws IOException {
    var merged = folder.resolve("merged");
    var merge = merge(merged);
    assertEquals(ExitCode.DONE, merge.exitCode(), merge.err());
    var eos = LlamaTokenizer.load(adapter).eosId();
    assertEquals(eos, LlamaTokenizer.load(merged).eosId());
    var generation = new ObjectMapper().readTree(merged.resolve("generation_config.json").toFile());
    assertTrue(
        generation.get("eos_token_id").toString().contains(String.valueOf(eos.orElseThrow())),
        generation.toString());
  }

  @Test
  void aTokenizerThatGivesATextAnotherIdIsRefused() throws IOException {
    var mapper = new ObjectMapper();
    var json = mapper.readTree(adapter.resolve("tokenizer.json").toFile());
    var vocabulary = (ObjectNode) json.at("/model/vocab");
    var first = vocabulary.get("a");
    vocabulary.set("a", vocabulary.get("b"));
    vocabulary.set("b", first);
    mapper.writeValue(adapter.resolve("tokenizer.json").toFile(), json);
    for (var run : List.of(generate(), merge(folder.resolve("merged")), goOn("a row"))) {
      assertEquals(ExitCode.INPUT_FILE, run.exitCode(), run.err());
      assertTrue(
          run.err().contains(adapter + ": its tokenizer is that of another model: "), run.err());
    }
    assertTrue(Files.notExists(folder.resolve("merged")));
  }

  @Test
  void aTokenMoreThanTheModelHasIsRefusedOnlyWhereItIsUsed() throws IOException {
    Files.writeString(adapter.resolve("added_tokens.json"), "{\"<tool>\": 600}");
    var generate = generate();
    assertEquals(ExitCode.DONE, generate.exitCode(), generate.err());
    assertTrue(generate.err().contains("; tokens more: \"<tool>\"."), generate.err());
    var run = goOn("a<tool>");
    assertEquals(ExitCode.INPUT_FILE, run.exitCode(), run.err());
    assertTrue(run.err().contains("row 1 uses the token \"<tool>\", whose id 600"), run.err());
  }
}

package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plans, and runs on machines that are said to be small. */
class PlanCommandTest {
  /** 11.5 million parameters: 184 MB more to train them all. */
  private static final String CONFIG =
      """
      {"model_type": "llama", "hidden_size": 512, "intermediate_size": 1024,
       "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 4,
       "vocab_size": 1000, "max_position_embeddings": 256, "rms_norm_eps": 1e-5}
      """;

  private static final Pattern SETTINGS =
      Pattern.compile(
          "trainer.max_tokens_per_microbatch (\\d+) and trainer.gradient_checkpointing (\\w+)");

  @TempDir private Path folder;

  @BeforeEach
  void prepare() throws IOException {
    var config = Files.writeString(folder.resolve("config.json"), CONFIG);
    var model = folder.resolve("model");
    var init = CommandLineRun.of("init", "--config", config, "--output", model);
    assertEquals(ExitCode.DONE, init.exitCode(), init.err());
    Files.copy(
        TestFiles.golden("tokenizer/byte-level/tokenizer.json"), model.resolve("tokenizer.json"));
    var rows = new StringBuilder();
    for (var i = 0; i < 64; i++) {
      rows.append(
          String.format(
              Locale.ROOT,
              "{\"prompt\": \"%d: %s\", \"completion\": \"yes\"}%n",
              i,
              "a row of some length ".repeat(i % 8 + 3)));
    }
    Files.writeString(folder.resolve("rows.jsonl"), rows);
  }

  @AfterEach
  void forgetTheSmallMachine() {
    System.clearProperty("bayu.memory");
  }

  private CommandLineRun run(String command, Object... more) {
    List<Object> all =
        new ArrayList<>(
            List.of(
                command,
                "--data=" + folder.resolve("rows.jsonl"),
                "--data_cache_dir=" + folder.resolve("cache"),
                "--model_name_or_path=" + folder.resolve("model"),
                "--trainer.output_dir=" + folder.resolve("runs"),
                "--trainer.id=x",
                "--trainer.num_train_steps=1",
                "--trainer.train_batch_size=64"));
    all.addAll(List.of(more));
    return CommandLineRun.of(all.toArray());
  }

  /** MiB of a line of the report. */
  private static double mebibytes(CommandLineRun run, String label) {
    var line = Pattern.compile("^" + Pattern.quote(label) + ".* ([0-9.]+) GiB$", Pattern.MULTILINE);
    var matcher = line.matcher(run.out());
    assertTrue(matcher.find(), label + " in " + run.out());
    return 1024 * Double.parseDouble(matcher.group(1));
  }

  private static void pretendMebibytes(double available) {
    // Five per cent are not planned with.
    System.setProperty("bayu.memory", (long) (available / 0.95) + "m");
  }

  @Test
  void thePartsAddUp() {
    var run = run("plan");
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    var sum =
        mebibytes(run, "Trainable")
            + mebibytes(run, "Gradients")
            + mebibytes(run, "Optimizer")
            + mebibytes(run, "Workspace")
            + mebibytes(run, "Java heap")
            + mebibytes(run, "The JVM");
    assertEquals(sum, mebibytes(run, "In all"), 40, run.out());
    assertTrue(run.out().contains("64 examples of"), run.out());
    assertTrue(run.out().endsWith("The run fits.\n"), run.out());
    assertFalse(Files.exists(folder.resolve("runs")));
  }

  @Test
  void ofFourProcessesEachHoldsAQuarterOfTheOptimizersState() {
    var one = run("plan");
    var four = run("plan", "--processes=4");
    assertEquals(ExitCode.DONE, four.exitCode(), four.err());
    var quarter = mebibytes(one, "Optimizer") / 4;
    // Shown in hundredths of a GiB.
    assertEquals(quarter, mebibytes(four, "Optimizer"), 11, four.out());
    assertTrue(four.out().contains("Collecting a tensor for a checkpoint"), four.out());
    assertEquals(mebibytes(one, "Gradients") / 4, mebibytes(four, "Gradients"), 11, four.out());
    var whole = run("plan", "--processes=4", "--trainer.gradient_sums=processes");
    assertEquals(mebibytes(one, "Gradients"), mebibytes(whole, "Gradients"), whole.out());
    var none = run("plan", "--processes=0");
    assertEquals("bayu: --processes must be 1 or more, not 0.", none.sentence(ExitCode.USAGE));
  }

  @Test
  void ofProcessesThatHoldAModelTogetherEachHasAPart() {
    var one = run("plan", "--lora.r=8");
    String[] parts = {
      "--lora.r=8", "--trainer.model_axis_size=2", "--trainer.tensor_parallel_axes=[mlp, heads]"
    };
    var two = run("plan", (Object[]) parts);
    assertEquals(ExitCode.DONE, two.exitCode(), two.err());
    assertTrue(two.out().contains("in one of the 2 parts of the model"), two.out());
    // bf16: embedding and head are whole, and of the rest the columns are copied.
    var columns = 4 * (512 * 512 + 512 * 1024) * 2L / 2 / (1 << 20);
    assertEquals((double) columns, mebibytes(two, "Weights of which"), 6, two.out());
    assertTrue(mebibytes(two, "Weights beside") < 0.7 * mebibytes(one, "Weights beside"));

    assertRefused(
        "2 processes hold a model together, and here are 3. Start 2 or a multiple with mpirun -np,"
            + " or leave the key out.",
        run("plan", parts[0], parts[1], parts[2], "--processes=3"));
    assertRefused(
        "2 processes hold a model together, and here is one. Start 2 or a multiple with mpirun -np,"
            + " or leave the key out.",
        run("train", (Object[]) parts));
    assertRefused(
        "the model's 8 heads, 4 key-value heads and intermediate_size 1024 cannot be divided into 3"
            + " parts: possible are 2, 4.",
        run("plan", parts[0], "--trainer.model_axis_size=3", parts[2]));
  }

  private static void assertRefused(String why, CommandLineRun run) {
    assertEquals(ExitCode.USAGE, run.exitCode(), run.err());
    var sentence = "bayu: trainer.model_axis_size: " + why;
    assertTrue(run.err().lines().anyMatch(sentence::equals), run.err());
  }

  @Test
  void whereLoraFitsItIsAdvised() {
    var small = "--trainer.max_tokens_per_microbatch=100";
    pretendMebibytes(mebibytes(run("plan", small), "In all") - 100);
    for (var command : List.of("plan", "train")) {
      var refused = run(command, small);
      assertEquals(ExitCode.MEMORY, refused.exitCode(), refused.err());
      assertTrue(refused.err().contains("add lora: {r: 8}"), refused.err());
      assertFalse(Files.exists(folder.resolve("runs")));
    }
    var advised = run("plan", small, "--lora.r=8");
    assertEquals(ExitCode.DONE, advised.exitCode(), advised.err());
  }

  @Test
  void advisedSettingsFit() {
    var given =
        new Object[] {
          "--lora.r=8",
          "--trainer.max_tokens_per_microbatch=4096",
          "--trainer.gradient_checkpointing=false"
        };
    var all = run("plan", given);
    pretendMebibytes(mebibytes(all, "In all") - 0.7 * mebibytes(all, "Workspace"));
    var refused = run("train", given);
    assertEquals(ExitCode.MEMORY, refused.exitCode(), refused.err());
    var settings = SETTINGS.matcher(refused.err());
    assertTrue(settings.find(), refused.err());
    var advised =
        run(
            "plan",
            "--lora.r=8",
            "--trainer.max_tokens_per_microbatch=" + settings.group(1),
            "--trainer.gradient_checkpointing=" + settings.group(2));
    assertEquals(ExitCode.DONE, advised.exitCode(), advised.err());
    var open = run("plan", "--lora.r=8");
    assertEquals(ExitCode.DONE, open.exitCode(), open.err());
    assertTrue(open.out().contains("(chosen)"), open.out());
    assertTrue(mebibytes(open, "Workspace") < 0.4 * mebibytes(all, "Workspace"), open.out());
  }

  @Test
  void whereNothingHelpsThatIsSaid() {
    System.setProperty("bayu.memory", "1m");
    var refused = run("plan", "--lora.r=8");
    assertEquals(ExitCode.MEMORY, refused.exitCode(), refused.err());
    assertTrue(refused.err().contains("Take a smaller model"), refused.err());
  }

  @Test
  void weightsThatDoNotStayInMemoryAreAWarning() {
    var off = "--trainer.gradient_checkpointing=false";
    var budget = "--trainer.max_tokens_per_microbatch=512";
    var all = run("plan", "--lora.r=8", off, budget);
    pretendMebibytes(mebibytes(all, "In all") + 0.5 * mebibytes(all, "Weights beside that"));
    var run = run("plan", "--lora.r=8", off, budget);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertTrue(run.out().contains("read them from disk again"), run.out());
    // Computing blocks again makes room for them.
    var open = run("plan", "--lora.r=8", budget);
    assertFalse(open.out().contains("read them from disk again"), open.out());
    assertTrue(
        open.out().matches("(?s).*gradient checkpointing (partly )?on \\(chosen\\): [0-3] of 4.*"),
        open.out());
  }

  @Test
  void aRunsConfigurationSaysWhatWasChosen() throws IOException {
    var run = run("train", "--lora.r=2", "--trainer.train_batch_size=1");
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertTrue(run.err().contains("Micro-batches of up to 4096 tokens"), run.err());
    // On Linux; elsewhere nobody tells.
    assertEquals(
        Files.exists(Path.of("/proc/self/status")), run.out().contains("Memory: at most "));
    var config = Files.readString(folder.resolve("runs/x/config.yaml"));
    assertTrue(config.contains("max_tokens_per_microbatch: 4096"), config);
    assertTrue(config.matches("(?s).*gradient_checkpointing: \"?false.*"), config);
  }
}

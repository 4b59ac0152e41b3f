package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Instructions with random operands against GNU objdump, where it is installed. */
class DisassemblyTest {
  private static final int ROUNDS = 200;

  /** A line of objdump: the address, a tab, the bytes, a tab, the instruction. */
  private static final Pattern LINE = Pattern.compile("\\s*([0-9a-f]+):\t[^\t]*\t(.*)");

  private final long seed = System.nanoTime();

  @TempDir private Path folder;

  @Test
  void generalInstructionsDisassembleToWhatWasAsked() throws Exception {
    assertDisassembles(new GeneralForms(new Random(seed)));
  }

  @Test
  void avx2InstructionsDisassembleToWhatWasAsked() throws Exception {
    assertDisassembles(new Avx2Forms(new Random(seed)));
  }

  @Test
  void avx512InstructionsDisassembleToWhatWasAsked() throws Exception {
    assertDisassembles(new Avx512Forms(new Random(seed)));
  }

  private void assertDisassembles(Forms<?> forms) throws Exception {
    for (var i = 0; i < ROUNDS; i++) {
      forms.emitAll();
    }
    var asked = forms.forms().stream().map(form -> line(form.position(), form.text()));
    var file = folder.resolve("code");
    Files.write(file, forms.assembler.toByteArray());
    var printed = disassemble(file).map(LINE::matcher).filter(line -> line.matches());
    var found = printed.map(line -> line(Integer.parseInt(line.group(1), 16), line.group(2)));
    var expected = asked.toList();
    var actual = found.toList();
    for (var i = 0; i < Math.min(expected.size(), actual.size()); i++) {
      assertEquals(expected.get(i), actual.get(i), "seed " + seed);
    }
    assertEquals(expected.size(), actual.size(), "seed " + seed);
  }

  /** In one spelling: objdump's versions differ in spaces, broadcasts and remarks. */
  private static String line(int position, String instruction) {
    var text = instruction.replaceAll("\\s*#.*", "").replaceAll("\\s+", " ").strip();
    text = text.replaceAll("\\{1to\\d+}", "").replace(" BCST ", " PTR ").replace("+0x0]", "]");
    text = text.replace("{evex} ", "");
    return Integer.toHexString(position) + ": " + text;
  }

  private static Stream<String> disassemble(Path file) throws Exception {
    var command =
        new ProcessBuilder(
            "objdump",
            "-D",
            "--wide",
            "-b",
            "binary",
            "-m",
            "i386:x86-64",
            "-M",
            "intel",
            file.toString());
    Process process;
    try {
      process = command.redirectErrorStream(true).start();
    } catch (IOException e) {
      assumeTrue(false, "objdump is not installed: " + e.getMessage());
      throw e;
    }
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output.lines();
  }
}

package org.bayu.tensor.internal.kernels.machine.x86;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;

@EnabledOnOs(architectures = {"amd64", "x86_64"})
class DeniedNativeAccessTest {
  /** Prints what asking for executable memory, and for the processor's features, ends in. */
  public static void main(String[] arguments) {
    try {
      CodeBuffer.of(new byte[] {(byte) 0xC3}).close();
      System.out.println("given");
    } catch (CodeRefusedException e) {
      System.out.println(e.getMessage());
    }
    try {
      System.out.println(CpuFeatures.ofThisMachine().isPresent() ? "asked" : "of another kind");
    } catch (CodeRefusedException e) {
      System.out.println(e.getMessage());
    }
  }

  private static List<String> linesOf(String... options) throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    var separator = System.getProperty("path.separator");
    command.addAll(
        List.of(
            "-cp",
            String.join(separator, "target/classes", "target/test-classes"),
            DeniedNativeAccessTest.class.getName()));
    var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    return builder.start().inputReader().lines().toList();
  }

  @Test
  void deniedNativeAccessIsARefusalThatNamesTheOption() throws IOException {
    var refusal =
        "this JVM denies native access: start Java with --enable-native-access=ALL-UNNAMED";
    assertEquals(List.of(refusal, refusal), linesOf("--illegal-native-access=deny"));
  }
}

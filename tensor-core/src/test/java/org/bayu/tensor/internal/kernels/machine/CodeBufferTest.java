package org.bayu.tensor.internal.kernels.machine;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Assembler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(
    value = {OS.LINUX, OS.MAC},
    architectures = {"amd64", "x86_64"})
class CodeBufferTest {
  private static final FunctionDescriptor LONGS =
      FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG);

  @Test
  @SuppressWarnings("restricted") // calling the code is the test
  void codeIsCalledAtItsOffset() throws Throwable {
    var assembler = new Assembler();
    assembler.ret();
    assembler.align(16);
    var sum = assembler.here();
    assembler.mov(RAX, RDI);
    assembler.add(RAX, RSI);
    assembler.ret();
    try (var code = CodeBuffer.of(assembler.toByteArray())) {
      var add =
          Linker.nativeLinker()
              .downcallHandle(code.address(sum.position()), LONGS, Linker.Option.critical(false));
      assertEquals(42, (long) add.invokeExact(44L, -2L));
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void memoryIsExecutableAndNotWritable() throws Exception {
    var assembler = new Assembler();
    assembler.ret();
    String address;
    try (var code = CodeBuffer.of(assembler.toByteArray())) {
      address = Long.toHexString(code.address(0).address());
      var mapping = mapping(address);
      assertTrue(mapping.contains(" r-xp "), mapping);
    }
    assertEquals("none", mapping(address));
  }

  @Test
  void whatTheSystemRefusesIsARefusalInOneLine() {
    var refusal = assertThrows(CodeRefusedException.class, () -> CodeBuffer.of(new byte[0]));
    var message = String.valueOf(refusal.getMessage());
    assertTrue(
        message.matches("the system refuses executable memory \\(mmap: errno 22\\)"), message);
  }

  private static String mapping(String address) throws Exception {
    try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.startsWith(address)).findFirst().orElse("none");
    }
  }
}

package org.bayu.finetune.error;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.bayu.tensor.KernelsUnavailableException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailureTest {

  @Test
  void aUserExceptionKeepsItsCodeAndMessage() {
    assertEquals(
        new Failure(2, "lora.r: 0 is not positive."),
        Failure.of(UserException.usage("lora.r: 0 is not positive.")));
    assertEquals(3, Failure.of(UserException.inputFile("x")).exitCode());
    assertEquals(4, Failure.of(UserException.memory("x")).exitCode());
    assertEquals(1, Failure.of(UserException.failed("x")).exitCode());
  }

  @Test
  void aMissingFileIsNamedInASentence(@TempDir Path folder) {
    var missing = folder.resolve("missing.jsonl");
    var thrown = assertThrows(IOException.class, () -> Files.readString(missing));
    assertEquals(new Failure(3, missing + ": no such file or folder."), Failure.of(thrown));
  }

  @Test
  void anUncheckedIoExceptionIsItsCause() {
    var e = new UncheckedIOException(new NoSuchFileException("a.jsonl"));
    assertEquals(new Failure(3, "a.jsonl: no such file or folder."), Failure.of(e));
  }

  @ParameterizedTest
  @CsvSource({
    "Java heap space, -Xmx4g",
    "GC overhead limit exceeded, -Xmx4g",
    "'unable to create native thread: possibly out of memory or process/resource limits reached',"
        + " ulimit -u",
    "Map failed, ulimit -v",
    "'Cannot reserve 8 bytes of direct buffer memory (allocated: 1, limit: 2)',"
        + " 8 bytes more are needed; give it more with BAYU_JAVA_OPTS=-XX:MaxDirectMemorySize",
    "Unable to allocate 65536048 bytes, 65536048 bytes more are needed",
    "Metaspace, (Metaspace)"
  })
  void outOfMemoryIsCodeFourAndSaysWhatHelps(String reason, String help) {
    var failure = Failure.of(new OutOfMemoryError(reason));
    assertEquals(4, failure.exitCode());
    assertTrue(failure.message().contains(help), failure.message());
    assertTrue(failure.message().endsWith("."), failure.message());
  }

  @Test
  void aMappingWithoutAddressSpaceIsOutOfMemory() {
    var e = new IOException("Map failed", new OutOfMemoryError("Map failed"));
    assertEquals(4, Failure.of(e).exitCode());
    assertTrue(Failure.of(e).message().contains("ulimit -v"), Failure.of(e).message());
  }

  @Test
  void kernelsThatCannotRunAreWrongUsage() {
    var e = new KernelsUnavailableException("-Dbayu.kernels=sse: there are others");
    assertEquals(new Failure(2, "-Dbayu.kernels=sse: there are others."), Failure.of(e));
  }

  @Test
  void aBugIsReportedAsOne() {
    var failure = Failure.of(new IllegalStateException("odd"));
    assertEquals(1, failure.exitCode());
    assertTrue(failure.message().contains("odd"), failure.message());
    assertTrue(failure.message().contains("--debug"), failure.message());
  }
}

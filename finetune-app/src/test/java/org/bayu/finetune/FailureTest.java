package org.bayu.finetune;

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

  @Test
  void outOfMemoryIsCodeFour() {
    assertEquals(4, Failure.of(new OutOfMemoryError("Java heap space")).exitCode());
    var direct = Failure.of(new OutOfMemoryError("Cannot reserve 8 bytes of direct memory"));
    assertEquals(4, direct.exitCode());
    assertTrue(direct.message().contains("8 bytes"), direct.message());
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

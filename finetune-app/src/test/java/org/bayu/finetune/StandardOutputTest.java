package org.bayu.finetune;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class StandardOutputTest {
  private static final OutputStream CLOSED =
      new OutputStream() {
        @Override
        public void write(int b) throws IOException {
          throw new IOException("Bad file descriptor");
        }
      };

  @TempDir private Path folder;
  private final StringWriter err = new StringWriter();

  private int run(OutputStream stdout, Object... args) {
    var texts = new String[args.length];
    for (var i = 0; i < args.length; i++) {
      texts[i] = args[i].toString();
    }
    var out = new PrintWriter(new StandardOutput(stdout), false, UTF_8);
    return Main.run(CommandLineRun.OFFLINE, out, new PrintWriter(err, true), texts);
  }

  private void assertFails(OutputStream stdout, String reason, Object... args) {
    assertEquals(ExitCode.FAILED, run(stdout, args), args[0].toString());
    assertEquals(
        "bayu: The results cannot be written to standard output ("
            + reason
            + "). What was printed may be incomplete.",
        err.toString().lines().toList().getLast());
    assertEquals(1, err.toString().lines().filter(l -> l.contains("standard output")).count());
    err.getBuffer().setLength(0);
  }

  @Test
  void resultsThatCannotBeWrittenEndEveryCommandWithASentence() throws IOException {
    var model = SmallModel.in(folder);
    var rows = Files.writeString(folder.resolve("rows.jsonl"), "{\"text\": \"a text\"}\n");
    assertFails(CLOSED, "Bad file descriptor", "--help");
    assertFails(CLOSED, "Bad file descriptor", "--version");
    assertFails(CLOSED, "Bad file descriptor", "generate", "--help");
    assertFails(CLOSED, "Bad file descriptor", "logits", "--model", model, "--tokens", "1,2");
    assertFails(CLOSED, "Bad file descriptor", "tokenize", "--tokenizer", model, "--input", rows);
    assertFails(CLOSED, "Bad file descriptor", "generate", "--model", model, "--prompt", "a text");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aFullDiskEndsTheCommandWithASentence() throws IOException {
    try (var full = new FileOutputStream("/dev/full")) {
      assertFails(full, "No space left on device", "--help");
    }
  }

  @Test
  void aPipeThatNobodyReadsEndsTheWorkWithoutAWord() throws IOException {
    var model = SmallModel.in(folder);
    var tokens = new AtomicInteger();
    var pipe = Pipe.open();
    pipe.source().close();
    try (var sink = Channels.newOutputStream(pipe.sink())) {
      var counting =
          new OutputStream() {
            @Override
            public void write(int b) throws IOException {
              tokens.incrementAndGet();
              sink.write(b);
            }
          };
      var exitCode =
          run(counting, "generate", "--model", model, "--prompt", "a", "--temperature", "5");
      assertEquals(ExitCode.PIPE_CLOSED, exitCode, err.toString());
      assertEquals(1, tokens.getAndSet(0), "it went on");
      var rows = Files.writeString(folder.resolve("r.jsonl"), "{\"prompt\": \"a\"}\n".repeat(300));
      assertEquals(
          ExitCode.PIPE_CLOSED,
          run(counting, "generate", "--model", model, "--prompts", rows, "--max_new_tokens", 4));
      assertEquals(1, tokens.get(), "it went on");
    }
    assertEquals("", err.toString());
  }

  @Test
  void nothingIsWrittenBehindAGap() throws IOException {
    var calls = new AtomicInteger();
    var failing =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            calls.incrementAndGet();
            throw new IOException("no");
          }
        };
    try (var out = new StandardOutput(failing)) {
      var e = assertThrows(UserException.class, () -> out.write('a'));
      assertTrue(String.valueOf(e.getMessage()).contains("(no)"), e.getMessage());
      out.write('b');
      assertEquals(1, calls.get());
    }
  }
}

package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainTokenizerCommandTest {
  @TempDir private Path folder;

  private CommandLineRun train(String rows, Object... more) throws IOException {
    var input = Files.writeString(folder.resolve("rows.jsonl"), rows);
    var arguments = new Object[more.length + 5];
    arguments[0] = "train-tokenizer";
    arguments[1] = "--input";
    arguments[2] = input;
    arguments[3] = "--output";
    arguments[4] = folder.resolve("tokenizer");
    System.arraycopy(more, 0, arguments, 5, more.length);
    return CommandLineRun.of(arguments);
  }

  @Test
  void allTextsOfARowAreLearnedFrom() throws IOException {
    var run =
        train(
            "{\"instruction\": \"aaab\", \"output\": \"cdcd\", \"n\": 1}\n",
            "--vocab_size",
            "300",
            "--special_token",
            "<pad>");
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    // <unk> <s> </s> <pad>, 256 bytes, aa, cd, then a b c d and the space.
    assertTrue(run.err().contains("Wrote a tokenizer of 267 tokens to "), run.err());
    assertTrue(run.err().contains("fewer tokens than asked for"), run.err());
    var texts = Files.writeString(folder.resolve("texts.jsonl"), "{\"text\": \"aacd<pad>\"}\n");
    var ids =
        CommandLineRun.of("tokenize", "--tokenizer", folder.resolve("tokenizer"), "--input", texts);
    assertTrue(ids.out().contains("260,261"), ids.out());
  }

  @Test
  void mistakesAreSentences() throws IOException {
    assertEquals(
        "bayu: train-tokenizer: a vocabulary with byte fallback has more than 259 tokens, not 100.",
        train("{\"text\": \"a\"}\n", "--vocab_size", "100").sentence(ExitCode.USAGE));
    var none = train("{\"text\": 1}\n", "--vocab_size", "300").sentence(ExitCode.INPUT_FILE);
    assertTrue(none.contains("rows.jsonl, line 1: no field has a text."), none);
  }
}

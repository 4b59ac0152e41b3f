package org.bayu.finetune.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;
import org.bayu.finetune.TestFiles;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.llama.tokenizer.TemplateText;
import org.bayu.train.TrainException;
import org.bayu.train.data.ExampleTokenizer;
import org.bayu.train.data.PromptTemplate;
import org.bayu.train.data.RowReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExampleTokenizerTest {
  @TempDir Path folder;

  @Test
  void theTutorialsInstructionHas331TokensAnd377WithBosAndTemplate() throws Exception {
    var tokenizer = LlamaTokenizer.load(TestFiles.shared("llama2-tokenizer"));
    var instruction = Files.readString(TestFiles.shared("viggo/prompt.txt"));
    assertEquals(331, tokenizer.encode(instruction).size());
    var prompt =
        PromptTemplate.ALPACA
            .fill(Map.of("instruction", instruction, "input", "An utterance.")::get)
            .text();
    var beforeInput = prompt.substring(0, prompt.indexOf("An utterance."));
    assertEquals(377, tokenizer.prompt(TemplateText.EMPTY.field(beforeInput)).size());
  }

  @Test
  void alpacaOnViggoHasSentencePiecesIdsToTheLast() throws IOException {
    var rows = folder.resolve("rows.jsonl");
    var csv = ViggoRows.read(TestFiles.shared("viggo/valid.csv"));
    var instruction = viggosInstruction();
    var json = new JsonMapper();
    try (var out = Files.newBufferedWriter(rows)) {
      for (var row : csv) {
        var fields =
            Map.of("instruction", instruction, "input", row.utterance(), "output", row.meaning());
        out.write(json.writeValueAsString(fields));
        out.write('\n');
      }
    }
    var tokenizer = LlamaTokenizer.load(TestFiles.shared("llama2-tokenizer/tokenizer.model"));
    var examples = new ExampleTokenizer(tokenizer, 2048);
    var crc = new CRC32();
    new RowReader(PromptTemplate.ALPACA, RowReader.Output.REQUIRED, false, false)
        .read(
            rows,
            row -> {
              var example = examples.tokenize(row).example();
              example.tokens().forEach(id -> update(crc, id));
              update(crc, example.sourceLength());
            });
    // Of sentencepiece 0.2.2: each row's ids with BOS and EOS, then the prompt's length.
    assertEquals(0xe6def626L, crc.getValue());
  }

  private static void update(CRC32 crc, int number) {
    crc.update(ByteBuffer.allocate(4).putInt(0, number));
  }

  private static String viggosInstruction() throws IOException {
    var resource = "/org/bayu/finetune/command/viggo-prompt.txt";
    try (var in = Objects.requireNonNull(ViggoRows.class.getResourceAsStream(resource))) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  @Test
  void aTokenizerWithoutEosIsRefused() throws IOException {
    var json = Files.readString(TestFiles.golden("tokenizer/byte-level/tokenizer.json"));
    Files.writeString(
        folder.resolve("tokenizer.json"), json.replace("<|end_of_text|>", "<|reserved|>"));
    var tokenizer = LlamaTokenizer.load(folder);
    var e = assertThrows(TrainException.class, () -> new ExampleTokenizer(tokenizer, 10));
    assertTrue(String.valueOf(e.getMessage()).contains("eos_token"), e::getMessage);
  }
}

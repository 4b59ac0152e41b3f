package org.bayu.finetune.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.UserException;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.llama.tokenizer.TemplateText;
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
  void aTokenizerWithoutEosIsRefused() throws IOException {
    var json = Files.readString(TestFiles.golden("tokenizer/byte-level/tokenizer.json"));
    Files.writeString(
        folder.resolve("tokenizer.json"), json.replace("<|end_of_text|>", "<|reserved|>"));
    var tokenizer = LlamaTokenizer.load(folder);
    var e = assertThrows(UserException.class, () -> new ExampleTokenizer(tokenizer, 10));
    assertTrue(String.valueOf(e.getMessage()).contains("eos_token"), e::getMessage);
  }
}

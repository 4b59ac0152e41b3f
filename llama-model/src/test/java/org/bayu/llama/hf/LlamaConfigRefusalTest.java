package org.bayu.llama.hf;

import static org.bayu.llama.hf.LlamaConfigTest.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.bayu.tensor.io.MalformedFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Configurations that are refused, each with the key and the value at fault. */
class LlamaConfigRefusalTest {
  @TempDir private Path folder;

  private void refused(String reason, String json) throws IOException {
    var file = Files.writeString(folder.resolve("config.json"), json);
    var e = assertThrows(MalformedFileException.class, () -> ConfigJson.read(file));
    assertEquals(file + ": " + reason, e.getMessage());
  }

  @Test
  void missingFileIsNamed() {
    assertThrows(NoSuchFileException.class, () -> ConfigJson.read(folder.resolve("config.json")));
  }

  @Test
  void everyMissingKeyIsListed() throws IOException {
    refused(
        "has no model_type, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads,"
            + " vocab_size",
        "{}");
    refused("has no vocab_size", json("vocab_size", "null"));
  }

  @Test
  void nullIsNoDefault() throws IOException {
    refused("has no rms_norm_eps", json("rms_norm_eps", "null"));
    refused("has no max_position_embeddings", json("max_position_embeddings", "null"));
  }

  @Test
  void ofAllThatIsWrongTheFirstThreeAreSaidAtOnce() throws IOException {
    refused(
        "has no vocab_size; hidden_act is \"gelu\"; only silu is supported; hidden_size is -1, not"
            + " a whole number from 1 to 2147483647 and 2 more",
        json(
            "vocab_size",
            "null",
            "hidden_size",
            "-1",
            "mlp_bias",
            "1",
            "hidden_act",
            "\"gelu\"",
            "rope_parameters",
            "{\"rope_type\": \"yarn\"}"));
  }

  @Test
  void longOrStrangeValuesAreShortAndEscaped() throws IOException {
    refused(
        "hidden_act is \"" + "a".repeat(63) + "… (5002 characters); only silu is supported",
        json("hidden_act", '"' + "a".repeat(5000) + '"'));
    refused(
        "rope_type is \"\\u001b[31m\\u202e\"; default, linear, dynamic and llama3 are supported",
        json("rope_parameters", "{\"rope_type\": \"\\u001b[31m\\u202e\"}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "model_type|\"mistral\"|model_type is \"mistral\"; Bayu computes llama only",
        "model_type|5|model_type is 5; Bayu computes llama only",
        "hidden_act|\"relu\"|hidden_act is \"relu\"; only silu is supported",
        "quantization_config|{}|quantization_config: quantized weights are not supported",
        "auto_map|{}|auto_map asks to run code that came with the model, which Bayu never does",
        "rope_scaling|{\"type\": \"yarn\", \"factor\": 2}|type is \"yarn\"; default, linear,"
            + " dynamic and llama3 are supported",
        "rope_scaling|{\"rope_type\": \"longrope\"}|rope_type is \"longrope\"; default, linear,"
            + " dynamic and llama3 are supported",
        "attention_dropout|0.1|attention_dropout is 0.1, which Bayu does not do: set it to 0",
        "rope_scaling|{\"rope_type\": \"dynamic\"}|has no rope scaling's factor",
        "rope_scaling|{\"rope_type\": \"linear\"}|has no rope scaling's factor",
        "rope_scaling|{\"rope_type\": \"linear\", \"factor\": 0}|rope scaling's factor is 0, not a"
            + " positive number",
        "rope_scaling|{\"rope_type\": \"llama3\"}|has no rope scaling's factor, rope scaling's"
            + " low_freq_factor, rope scaling's high_freq_factor",
        "rope_scaling|{\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 4,"
            + " \"high_freq_factor\": 4}|high_freq_factor 4.0 is not above low_freq_factor 4.0",
        "rope_scaling|[]|rope_scaling is [], not an object",
        "rope_parameters|{\"a\": {\"rope_type\": \"default\"}}|rope_parameters differ between"
            + " layers, which is not supported",
        "partial_rotary_factor|0.5|partial_rotary_factor is 0.5; only 1 is supported",
        "rope_parameters|{\"partial_rotary_factor\": 0.25}|partial_rotary_factor is 0.25; only 1 is"
            + " supported",
        "rope_theta|0|rope_theta is 0, not a positive number",
        "rope_theta|\"1e4\"|rope_theta is \"1e4\", not a positive number",
        "rms_norm_eps|-1e-5|rms_norm_eps is -0.00001, not a positive number",
        "rms_norm_eps|1e999|rms_norm_eps is 1E+999, not a positive number",
        "hidden_size|4096.0|hidden_size is 4096.0, not a whole number from 1 to 2147483647",
        "hidden_size|0|hidden_size is 0, not a whole number from 1 to 2147483647",
        "vocab_size|3000000000|vocab_size is 3000000000, not a whole number from 1 to 2147483647",
        "vocab_size|[1]|vocab_size is [1], not a whole number from 1 to 2147483647",
        "num_key_value_heads|5|num_attention_heads 32 is no multiple of num_key_value_heads 5",
        "num_attention_heads|33|hidden_size 4096 is no multiple of num_attention_heads 33, and"
            + " there is no head_dim",
        "head_dim|63|head_dim 63 is odd, and the rotary embedding turns pairs",
        "head_dim|100000000|num_attention_heads 32 of head_dim 100000000 are too many; hidden_size"
            + " 4096, intermediate_size 11008, num_hidden_layers 32 and vocab_size 32000 make"
            + " 1.7e+15 parameters, more than 1e+13",
        "num_hidden_layers|2000000000|num_hidden_layers 2000000000 is more than 10000; hidden_size"
            + " 4096, intermediate_size 11008, num_hidden_layers 2000000000 and vocab_size 32000"
            + " make 4.0e+17 parameters, more than 1e+13",
        "max_position_embeddings|2000000000|max_position_embeddings 2000000000 is more than"
            + " 100000000",
        "hidden_size|2147483584|hidden_size 2147483584, intermediate_size 11008, num_hidden_layers"
            + " 32 and vocab_size 32000 make 5.9e+20 parameters, more than 1e+13",
        "eos_token_id|[1, \"x\"]|eos_token_id holds \"x\", not a token",
        "eos_token_id|1.5|eos_token_id is 1.5, not a token",
        "bos_token_id|\"1\"|bos_token_id is \"1\", not a token",
        "tie_word_embeddings|\"true\"|tie_word_embeddings is \"true\", not true or false"
      })
  void wrongValueIsNamed(String key, String value, String reason) throws IOException {
    refused(reason, json(key, value));
  }

  @Test
  void aNumberWithAnAbsurdExponentIsNoMessageOfJavas() throws IOException {
    var json = json("rms_norm_eps", "1e-0522222222222222222222");
    var file = Files.writeString(folder.resolve("config.json"), json);
    var e = assertThrows(MalformedFileException.class, () -> ConfigJson.read(file));
    assertTrue(e.reason().endsWith("the number's exponent is longer than 9 digits"), e.reason());
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "null", "1"})
  void textThatIsNoObjectIsRefused(String json) throws IOException {
    refused("is not a JSON object", json);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{", "{}{}", "{\"a\": 1, \"a\": 1}", "{\"a\": NaN}", "x", ""})
  void textThatIsNotJsonIsRefusedWithItsPlace(String json) throws IOException {
    var file = Files.writeString(folder.resolve("config.json"), json);
    var e = assertThrows(MalformedFileException.class, () -> ConfigJson.read(file));
    assertTrue(e.reason().startsWith("is not valid JSON at line 1, column "), e.reason());
  }

  @Test
  void textThatIsNotUtf8IsRefused() throws IOException {
    var file = Files.write(folder.resolve("config.json"), new byte[] {'{', '"', (byte) 0xFF});
    var e = assertThrows(MalformedFileException.class, () -> ConfigJson.read(file));
    assertEquals("is not valid UTF-8 at byte 2", e.reason());
  }
}

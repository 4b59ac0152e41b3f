package org.bayu.llama.hf;

import java.io.IOException;
import java.nio.file.Path;
import org.bayu.llama.LlamaConfig;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.StrictJson;

/** A model folder's {@code config.json}: a {@link LlamaConfig} from its text, and back. */
public final class ConfigJson {
  /** The file's name in a model folder. */
  public static final String FILE_NAME = "config.json";

  private ConfigJson() {}

  /**
   * Reads a {@code config.json}.
   *
   * @throws MalformedFileException if it is not the configuration of a Llama that Bayu computes;
   *     the message lists every missing key and every value that is wrong
   * @throws IOException if it is missing or cannot be read
   */
  public static LlamaConfig read(Path file) throws IOException {
    try {
      return parse(StrictJson.text(file));
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(file, String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * The configuration that this text describes.
   *
   * @throws IllegalArgumentException as {@link #read} refuses a file
   */
  public static LlamaConfig parse(String json) {
    return new LlamaConfigReader(json).read();
  }

  /**
   * The text of a {@code config.json} that Transformers 4 and 5 both read. It is {@link
   * LlamaConfig#source} if that describes the same configuration to both. Keys that Bayu does not
   * know are kept.
   *
   * @throws IllegalArgumentException if the weights' type is I32
   */
  public static String write(LlamaConfig config) {
    return LlamaConfigWriter.write(config);
  }
}

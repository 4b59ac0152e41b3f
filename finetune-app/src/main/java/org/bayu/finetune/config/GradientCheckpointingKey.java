package org.bayu.finetune.config;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import java.io.IOException;
import java.util.Locale;
import org.bayu.train.GradientCheckpointing;

/** The key {@code trainer.gradient_checkpointing}: auto, true, false, or a number of blocks. */
final class GradientCheckpointingKey {
  private static final String KEY = "gradient_checkpointing";

  private GradientCheckpointingKey() {}

  static GradientCheckpointing read(ConfigSection keys) {
    return switch (keys.text(KEY, "auto").toLowerCase(Locale.ROOT)) {
      case "auto" -> GradientCheckpointing.AUTO;
      case "true" -> GradientCheckpointing.TRUE;
      case "false" -> GradientCheckpointing.FALSE;
      case String text when text.matches("[0-9]{1,9}") ->
          new GradientCheckpointing(Integer.parseInt(text));
      default -> throw keys.expected(KEY, "auto, true, false or a number of blocks");
    };
  }

  /** Writes the setting as the key is read. */
  static final class Text extends JsonSerializer<GradientCheckpointing> {
    @Override
    public void serialize(
        GradientCheckpointing setting, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      out.writeString(setting.toString());
    }
  }
}

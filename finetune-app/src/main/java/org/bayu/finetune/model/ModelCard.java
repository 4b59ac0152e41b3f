package org.bayu.finetune.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.remote.files.LocalFiles;
import org.bayu.remote.hub.HubName;
import org.bayu.tensor.io.StrictJson;
import org.jspecify.annotations.Nullable;

/**
 * The {@code README.md} that the Hub shows of a model or an adapter: what it was made of, how, and
 * how good it is. Paths of this machine are not in it.
 *
 * @param folder the model's or the adapter's
 * @param name of the repository
 * @param config of the run; null if it is not known
 * @param scores an {@code evaluation.json}; null without one
 * @param local what the configuration's paths stand for
 */
record ModelCard(
    Path folder,
    HubName name,
    @Nullable TrainConfig config,
    @Nullable JsonNode scores,
    LocalFiles local) {
  private static final String ADAPTER = "adapter_config.json";

  /** Sections of the configuration that say how a model was trained, and keys of other ones. */
  private static final Set<String> TOLD =
      Set.of("optimizer", "lora", "mask_inputs", "mask_offset", "max_tune_length");

  private static final List<String> TOLD_OF_TRAINER =
      List.of("num_train_steps", "train_batch_size", "seed", "mp");

  /** Whether a folder holds an adapter. */
  static boolean isAdapter(Path folder) {
    return Files.exists(folder.resolve(ADAPTER));
  }

  private static JsonNode read(Path file) throws IOException {
    return StrictJson.<JsonNode>read(file, new JsonMapper()::readTree);
  }

  /** All of it. */
  String text() throws IOException {
    var adapter = isAdapter(folder) ? read(folder.resolve(ADAPTER)) : null;
    var base = base(adapter);
    var card = new StringBuilder("---\n");
    base.ifPresent(b -> card.append("base_model: ").append(b).append('\n'));
    data().ifPresent(d -> card.append("datasets:\n- ").append(d).append('\n'));
    card.append("library_name: ").append(adapter == null ? "transformers" : "peft").append('\n');
    card.append("pipeline_tag: text-generation\ntags:\n");
    base.ifPresent(
        b ->
            card.append("- base_model:")
                .append(adapter == null ? "finetune:" : "adapter:")
                .append(b)
                .append('\n'));
    card.append(adapter == null ? "" : "- lora\n").append("- bayu\n---\n\n");
    card.append("# ").append(name.repository().replaceFirst(".*/", "")).append("\n\n");
    card.append(adapter == null ? "A model" : "A LoRA adapter");
    base.ifPresent(b -> card.append(adapter == null ? ", fine-tuned from " : " of ").append(b));
    card.append(", made with Bayu.\n");
    training(card, adapter);
    evaluation(card);
    return card.toString();
  }

  /** The base, if it has a name on the Hub. */
  private Optional<String> base(@Nullable JsonNode adapter) {
    var text =
        adapter != null
            ? adapter.path("base_model_name_or_path").asText()
            : config == null ? "" : config.modelNameOrPath();
    return HubName.parse(text).map(HubName::repository);
  }

  /** The data, if they have a name on the Hub. */
  private Optional<String> data() {
    return config == null
        ? Optional.empty()
        : HubName.parse(config.data().toString())
            .filter(_ -> Files.notExists(config.data()))
            .map(HubName::repository);
  }

  private void training(StringBuilder card, @Nullable JsonNode adapter) {
    if (config != null) {
      training(card, config);
    } else if (adapter != null) {
      card.append("\n## Training\n\n| setting | value |\n|---|---|\n");
      for (var key : List.of("r", "lora_alpha", "lora_dropout", "target_modules")) {
        row(card, key, adapter.path(key));
      }
    }
  }

  private void training(StringBuilder card, TrainConfig config) {
    card.append("\n## Training\n\nData: ")
        .append(data().orElse(String.valueOf(config.data().getFileName())))
        .append("\n\n| setting | value |\n|---|---|\n");
    var settings = config.toJson(local);
    for (var key : TOLD_OF_TRAINER) {
      row(card, key, settings.path("trainer").path(key));
    }
    for (var entry : settings.properties()) {
      if (TOLD.contains(entry.getKey())) {
        rows(card, entry.getKey(), entry.getValue());
      }
    }
  }

  private static void rows(StringBuilder card, String key, JsonNode value) {
    if (!value.isObject()) {
      row(card, key, value);
      return;
    }
    for (var entry : value.properties()) {
      if (!entry.getKey().equals("initialize_from")) {
        rows(card, key + "." + entry.getKey(), entry.getValue());
      }
    }
  }

  private static void row(StringBuilder card, String key, JsonNode value) {
    if (!value.isMissingNode() && !value.isNull()) {
      var text = value.isTextual() ? value.asText() : value.toString();
      card.append("| ").append(key).append(" | ").append(text.replace("|", "\\|")).append(" |\n");
    }
  }

  private void evaluation(StringBuilder card) {
    if (scores == null) {
      return;
    }
    card.append("\n## Evaluation\n\n| score | value |\n|---|---|\n");
    for (var entry : scores.properties()) {
      var value = entry.getValue();
      if (value.isNumber()) {
        var text =
            value.isIntegralNumber()
                ? value.asText()
                : String.format(Locale.ROOT, "%.4f", value.asDouble());
        card.append("| ").append(entry.getKey().replace('_', ' ')).append(" | ").append(text);
        card.append(" |\n");
      }
    }
  }
}

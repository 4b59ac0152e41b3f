package org.bayu.finetune.config;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.TreeSet;
import org.bayu.finetune.config.ConfigSection.Range;
import org.bayu.finetune.error.UserException;
import org.bayu.lora.LoraConfig;
import org.bayu.lora.LoraTargets;
import org.bayu.train.Adaptation;
import org.jspecify.annotations.Nullable;

/**
 * The section {@code lora}. Rank and alpha are null only where {@code initialize_from} names an
 * adapter that says them.
 *
 * @param r the rank
 * @param alpha the adapter's part of a layer's output is scaled with alpha / r
 * @param dropout the share of the adapter's input that is zeroed in training
 * @param targetModules which linear layers get an adapter: a list of names, a regular expression,
 *     or, absent, every one of the blocks
 * @param initializeFrom the folder of an adapter to go on from, or its name on the Hub; null for a
 *     new one
 */
public record LoraSettings(
    @Nullable Integer r,
    @Nullable Double alpha,
    double dropout,
    LoraTargets targetModules,
    @Nullable Path initializeFrom) {

  /** Reads the section; null if there is none. */
  static @Nullable LoraSettings read(ConfigSection root) {
    if (root.has("lora") && !root.isSection("lora")) {
      throw root.bad(
          "lora", "write 'lora: {}' for LoRA's defaults, or leave it out for all weights.");
    }
    var keys = root.section("lora");
    var initializeFrom = keys.path("initialize_from");
    var isNew = initializeFrom == null;
    var r = keys.whole("r", 8, 1);
    var alpha = keys.number("alpha", 8, Range.POSITIVE);
    var lora =
        new LoraSettings(
            isNew || keys.has("r") ? (Integer) r : null,
            isNew || keys.has("alpha") ? (Double) alpha : null,
            keys.number("dropout", 0, Range.BELOW_ONE),
            targets(keys),
            initializeFrom);
    return root.isSection("lora") ? lora : null;
  }

  private static LoraTargets targets(ConfigSection keys) {
    try {
      if (keys.isList("target_modules")) {
        return new LoraTargets.Names(Objects.requireNonNull(keys.texts("target_modules")));
      }
      var regex = keys.text("target_modules");
      // PEFT's word for every linear layer but the head.
      return regex == null || regex.equals("all-linear")
          ? new LoraTargets.AllLinears()
          : new LoraTargets.Expression(regex);
    } catch (IllegalArgumentException e) {
      throw keys.bad("target_modules", e.getMessage() + ".");
    }
  }

  /**
   * The adapter that is trained.
   *
   * @param folder where the adapter to go on from is; null for a new one
   */
  public Adaptation adaptation(@Nullable Path folder) {
    return folder == null
        ? new Adaptation.NewAdapter(newAdapter())
        : new Adaptation.StoredAdapter(folder, this::goOnFrom);
  }

  /** The settings of a new adapter: where {@code initialize_from} is absent. */
  public LoraConfig newAdapter() {
    return new LoraConfig(
        Objects.requireNonNull(r), Objects.requireNonNull(alpha), dropout, targetModules, false);
  }

  /**
   * The settings of the adapter to go on from, with this section's dropout.
   *
   * @throws UserException if this section says something else
   */
  public LoraConfig goOnFrom(LoraConfig adapter) {
    refuseUnlessEqual("r", r, adapter.rank());
    refuseUnlessEqual("alpha", alpha, adapter.alpha());
    if (!(targetModules instanceof LoraTargets.AllLinears)) {
      refuseUnlessEqual("target_modules", unordered(targetModules), unordered(adapter.targets()));
    }
    return adapter.withDropout(dropout);
  }

  private void refuseUnlessEqual(String key, @Nullable Object wanted, Object stored) {
    if (wanted != null && !wanted.equals(stored)) {
      throw UserException.usage(
          "lora.%s: %s, but the adapter in lora.initialize_from (%s) has %s. Leave lora.%s out."
              .formatted(key, wanted, initializeFrom, stored, key));
    }
  }

  private static Object unordered(LoraTargets targets) {
    return targets instanceof LoraTargets.Names(var names) ? new TreeSet<>(names) : targets;
  }

  /** Writes the value of {@code target_modules}, as it is read. */
  static final class TargetsText extends JsonSerializer<LoraTargets> {
    @Override
    public void serialize(LoraTargets targets, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      switch (targets) {
        case LoraTargets.AllLinears _ -> out.writeNull();
        case LoraTargets.Names(var names) -> out.writePOJO(names);
        case LoraTargets.Expression(var expression) -> out.writeString(expression);
      }
    }
  }
}

package org.bayu.finetune.config;

import com.fasterxml.jackson.annotation.JsonValue;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.bayu.finetune.config.ConfigSection.Range;
import org.jspecify.annotations.Nullable;

/**
 * The section {@code lora}. Rank and alpha are null only where {@code initialize_from} names an
 * adapter that says them.
 *
 * @param r the rank
 * @param alpha the adapter's part of a layer's output is scaled with alpha / r
 * @param dropout the share of the adapter's input that is zeroed in training
 * @param targetModules which linear layers get an adapter; null for every one of the blocks
 * @param initializeFrom the folder of an adapter to go on from; null for a new one
 */
public record LoraSettings(
    @Nullable Integer r,
    @Nullable Double alpha,
    double dropout,
    @Nullable Targets targetModules,
    @Nullable Path initializeFrom) {

  /** Layers chosen by name. */
  public sealed interface Targets {
    /**
     * A list.
     *
     * @param names the last parts of the layers' names, e.g. {@code q_proj}
     */
    record Named(@JsonValue List<String> names) implements Targets {}

    /**
     * A regular expression.
     *
     * @param regex matches the layers' whole names
     */
    record Matching(@JsonValue String regex) implements Targets {}
  }

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

  private static @Nullable Targets targets(ConfigSection keys) {
    if (keys.isList("target_modules")) {
      var names = keys.texts("target_modules");
      if (names == null || names.isEmpty()) {
        throw keys.bad("target_modules", "the list is empty; leave the key out for every layer.");
      }
      return new Targets.Named(names);
    }
    var regex = keys.text("target_modules");
    try {
      return regex == null ? null : new Targets.Matching(Pattern.compile(regex).pattern());
    } catch (PatternSyntaxException e) {
      throw keys.expected("target_modules", "a list of names or a regular expression");
    }
  }
}

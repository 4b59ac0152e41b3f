package org.bayu.train.checkpoint;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.bayu.lora.LoraConfig;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/**
 * What a run's bits follow from, beside its seed's random numbers: everything that must be equal
 * for a run to go on from a checkpoint to the same bits.
 *
 * @param id the run's name
 * @param settings the resolved configuration: an object of objects, lists and values
 * @param adapter the adapter's configuration as text; empty where all weights are trained
 * @param data the rows and their order
 * @param base the model that the run began with
 * @param cut how batches are cut into micro-batches
 * @param instructions what the kernels' last bits depend on, for the steps so far: one entry, or
 *     more if the run went on on other machines
 */
public record RunDescription(
    String id,
    JsonNode settings,
    String adapter,
    DataDescription data,
    BaseDescription base,
    Cut cut,
    List<String> instructions) {
  /** Refuses what a damaged file may lack. */
  public RunDescription {
    requireNonNull(id);
    requireNonNull(settings);
    requireNonNull(adapter);
    requireNonNull(data);
    requireNonNull(base);
    requireNonNull(cut);
    instructions = List.copyOf(instructions);
    if (instructions.isEmpty()) {
      throw new IllegalArgumentException("no instructions");
    }
  }

  /**
   * How batches are cut.
   *
   * @param maxTokens the most distinct tokens of a micro-batch
   * @param gradientCheckpointing whether the backward pass computes blocks again; nothing follows
   *     from it, and a run that goes on chooses anew
   */
  public record Cut(int maxTokens, boolean gradientCheckpointing) {}

  /**
   * Describes a run.
   *
   * @param adapter null where all weights are trained
   * @param instructions of the device, see {@link org.bayu.tensor.Device#instructions}
   */
  public static RunDescription of(
      String id,
      JsonNode settings,
      @Nullable LoraConfig adapter,
      DataDescription data,
      BaseDescription base,
      Cut cut,
      String instructions) {
    return new RunDescription(id, settings, text(adapter), data, base, cut, List.of(instructions));
  }

  private static String text(@Nullable LoraConfig adapter) {
    return adapter == null
        ? ""
        : String.format(
            Locale.ROOT,
            "rank %d %s, alpha %s %s, dropout %s, rank-stabilized %s",
            adapter.rank(),
            new TreeMap<>(adapter.rankPattern()),
            adapter.alpha(),
            new TreeMap<>(adapter.alphaPattern()),
            adapter.dropout(),
            adapter.rankStabilized());
  }

  /**
   * What differs in another run so that it cannot go on from this one's checkpoint, each with both
   * values.
   *
   * @param mayDiffer the settings, by dotted name, that do not matter
   */
  public List<String> differences(RunDescription now, Predicate<String> mayDiffer) {
    var differences = differences(settings, now.settings, mayDiffer);
    add(differences, "adapter", adapter, now.adapter);
    differences.addAll(data.differences(now.data));
    differences.addAll(base.differences(now.base));
    return differences;
  }

  /**
   * What differs between two configurations, each key with both values.
   *
   * @param mayDiffer the keys, by dotted name, that do not matter
   */
  public static List<String> differences(
      JsonNode settings, JsonNode now, Predicate<String> mayDiffer) {
    var differences = new ArrayList<String>();
    var before = flat(settings);
    var after = flat(now);
    var keys = new LinkedHashSet<>(before.keySet());
    keys.addAll(after.keySet());
    for (var key : keys) {
      if (!mayDiffer.test(key)) {
        add(differences, key, text(before.get(key)), text(after.get(key)));
      }
    }
    return differences;
  }

  static void add(List<String> differences, String name, String before, String now) {
    if (!before.equals(now)) {
      differences.add(name + " was " + shown(before) + " and is " + shown(now));
    }
  }

  private static String shown(String text) {
    return text.isEmpty() ? "not set" : Printable.name(text);
  }

  private static String text(@Nullable JsonNode value) {
    return value == null || value.isNull()
        ? ""
        : value.isTextual() ? value.asText() : value.toString();
  }

  /** The settings by their dotted names; lists are values. */
  private static Map<String, JsonNode> flat(JsonNode settings) {
    var flat = new LinkedHashMap<String, JsonNode>();
    flatten("", settings, flat);
    return flat;
  }

  private static void flatten(String prefix, JsonNode node, Map<String, JsonNode> flat) {
    for (var field : node.properties()) {
      var name = prefix + field.getKey();
      if (field.getValue().isObject() && !field.getValue().isEmpty()) {
        flatten(name + ".", field.getValue(), flat);
      } else {
        flat.put(name, field.getValue());
      }
    }
  }

  /** The same with another configuration. */
  public RunDescription withSettings(JsonNode other) {
    return new RunDescription(id, other, adapter, data, base, cut, instructions);
  }

  /** The same run, whose earlier steps were computed by these instructions. */
  public RunDescription after(List<String> earlier) {
    var all = new ArrayList<>(earlier);
    for (var each : instructions) {
      if (all.isEmpty() || !all.getLast().equals(each)) {
        all.add(each);
      }
    }
    return new RunDescription(id, settings, adapter, data, base, cut, List.copyOf(all));
  }
}

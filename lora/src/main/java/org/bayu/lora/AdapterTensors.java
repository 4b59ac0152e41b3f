package org.bayu.lora;

import java.lang.foreign.Arena;
import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.bayu.lora.LoraAdapter.Factor;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.io.SafetensorsFile;
import org.bayu.tensor.io.SafetensorsFile.Entry;
import org.bayu.tensor.nn.Linear;

/** The tensors of an adapter's file, checked against the model and the adapter's settings. */
final class AdapterTensors {
  /** What PEFT puts before a layer's path in the base model. */
  static final String PREFIX = "base_model.model.";

  /** What Levanter puts there: PEFT does not find such tensors. */
  private static final String LEVANTERS_PREFIX = PREFIX + "transformer.";

  private static final Pattern FACTOR =
      Pattern.compile(Pattern.quote(PREFIX) + "(.*)\\.lora_[AB]\\.weight");

  private final SafetensorsFile file;
  private final List<String> problems = new ArrayList<>();

  /**
   * What the names of an adapter's tensors say.
   *
   * @param paths layers that have A or B
   * @param levanters whether they are named as Levanter names them
   */
  record Names(Set<String> paths, boolean levanters) {}

  private AdapterTensors(SafetensorsFile file) {
    this.file = file;
  }

  /** The name of A or B, like {@code base_model.model.lm_head.lora_A.weight}. */
  static String name(String path, Factor factor) {
    return PREFIX + path + ".lora_" + factor + ".weight";
  }

  /** The name of an adapted layer's own weight, like that of A. */
  static String baseName(String path) {
    return PREFIX + path + ".base_layer.weight";
  }

  static Names names(SafetensorsFile file) {
    var paths = new HashSet<String>();
    var levanters = false;
    for (var name : file.names()) {
      levanters |= name.startsWith(LEVANTERS_PREFIX);
      var factor = FACTOR.matcher(usual(name));
      if (factor.matches()) {
        paths.add(factor.group(1));
      }
    }
    return new Names(paths, levanters);
  }

  /** A name as PEFT writes it: without that of the adapter, {@code default}. */
  private static String usual(String name) {
    var peft =
        name.startsWith(LEVANTERS_PREFIX)
            ? PREFIX + name.substring(LEVANTERS_PREFIX.length())
            : name;
    return peft.replace(".default.weight", ".weight");
  }

  /**
   * Every layer's A and B, by {@link #name}.
   *
   * @param layers those that are adapted, by their paths
   * @throws MalformedFileException if tensors are missing, unknown, of another shape or type, not
   *     finite, or of another base
   */
  static Map<String, Tensor> read(
      SafetensorsFile file,
      Map<String, Linear> layers,
      LoraConfig config,
      SegmentAllocator temporary)
      throws MalformedFileException {
    return new AdapterTensors(file).read(layers, config, temporary);
  }

  private Map<String, Tensor> read(
      Map<String, Linear> layers, LoraConfig config, SegmentAllocator temporary)
      throws MalformedFileException {
    var missing = new LinkedHashMap<String, Shape>();
    var bases = new HashMap<String, Tensor>();
    layers.forEach(
        (path, linear) -> {
          for (var factor : Factor.values()) {
            missing.put(name(path, factor), factor.shape(linear, config.rank(path)));
          }
          bases.put(baseName(path), linear.weight().value());
        });
    var tensors = new HashMap<String, Tensor>();
    for (var entry : file.entries()) {
      var name = usual(entry.name());
      var base = bases.get(name);
      var shape = base == null ? missing.remove(name) : base.shape();
      if (shape == null) {
        problem(entry, "is unknown");
      } else if (!shape.equals(entry.shape())) {
        problem(entry, "is %s, not %s".formatted(entry.shape(), shape));
      } else if (!isFloating(entry)) {
        problem(entry, "is of type %s, not F32, BF16, F16 or F64".formatted(entry.dtypeName()));
      } else if (base == null) {
        tensors.put(name, finite(entry, temporary));
      } else {
        checkBase(entry, base);
      }
    }
    missing.keySet().forEach(name -> problems.add("tensor " + name + " is missing"));
    if (!problems.isEmpty()) {
      throw new MalformedFileException(
          file.path(), "does not fit the model: " + Printable.first(problems, "; "));
    }
    return tensors;
  }

  private void problem(Entry entry, String reason) {
    problems.add("tensor " + Printable.name(entry.name()) + " " + reason);
  }

  private static boolean isFloating(Entry entry) {
    var dtype = entry.dtype();
    return dtype == null ? entry.dtypeName().equals("F64") : dtype != DType.I32;
  }

  private Tensor finite(Entry entry, SegmentAllocator temporary) throws MalformedFileException {
    var tensor = file.tensor(entry.name(), temporary);
    for (var i = 0L; i < tensor.elements(); i++) {
      if (!Float.isFinite(tensor.getFloat(i))) {
        problem(entry, "has a value that is not finite");
        break;
      }
    }
    return tensor;
  }

  /** A layer's own weight, as an adapter of the head brings it, must be the model's. */
  private void checkBase(Entry entry, Tensor base) throws MalformedFileException {
    if (!base.hasMemory()) {
      return;
    }
    try (var arena = Arena.ofConfined()) {
      var own = file.tensor(entry.name(), arena);
      var rounding =
          own.dtype() == base.dtype() ? 0 : rounding(own.dtype()) + rounding(base.dtype());
      for (var i = 0L; i < base.elements(); i++) {
        var stored = own.getFloat(i);
        var expected = base.getFloat(i);
        // Below F16's least normal number, 2⁻¹⁴, rounding is absolute.
        var size = Math.max(0x1p-14f, Math.max(Math.abs(stored), Math.abs(expected)));
        if (!(Math.abs(stored - expected) <= rounding * size)) {
          problem(entry, "differs from the model's: the adapter was trained on another base");
          return;
        }
      }
    }
  }

  /** The greatest relative difference between a number and what it is rounded to. */
  private static float rounding(DType type) {
    return switch (type) {
      case BF16 -> 0x1p-8f;
      case F16 -> 0x1p-11f;
      default -> 0;
    };
  }
}

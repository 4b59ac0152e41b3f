package org.bayu.finetune.config;

import java.util.List;
import java.util.Map;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/** A value of the configuration as it was written, with the place where. */
sealed interface ConfigNode {
  /** File and line, or the flag. */
  String where();

  /**
   * A single value.
   *
   * @param text as written; null for YAML's null and for a key without a value
   */
  record Scalar(@Nullable String text, String where) implements ConfigNode {
    @Override
    public String toString() {
      return text == null ? "empty" : "'" + Printable.name(text) + "'";
    }
  }

  /** A list. */
  record Items(List<ConfigNode> items, String where) implements ConfigNode {
    @Override
    public String toString() {
      return "a list";
    }
  }

  /**
   * A section.
   *
   * @param entries by key, in the order of writing; mutable, so that flags can be added
   */
  record Keys(Map<String, ConfigNode> entries, String where) implements ConfigNode {
    @Override
    public String toString() {
      return "a section";
    }
  }
}

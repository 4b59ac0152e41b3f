package org.bayu.lora;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Collectors;
import org.bayu.tensor.io.Printable;

/** Which linear layers of a model are adapted, by their paths. Immutable. */
public sealed interface LoraTargets {
  /** The layer that computes the logits; adapted only if named. */
  String HEAD = "lm_head";

  /** Every linear layer except {@value #HEAD}. */
  record AllLinears() implements LoraTargets {
    @Override
    public boolean matches(String path) {
      return !lastName(path).equals(HEAD);
    }
  }

  /**
   * The layers with one of these names: the last part of the path ({@code q_proj}) or its last
   * parts ({@code self_attn.q_proj}), as in a list of PEFT's {@code target_modules}.
   */
  record Names(List<String> names) implements LoraTargets {
    /**
     * Copies the list.
     *
     * @throws IllegalArgumentException if it is empty
     */
    public Names {
      names = List.copyOf(names);
      if (names.isEmpty()) {
        throw new IllegalArgumentException("target_modules is an empty list: it adapts nothing");
      }
    }

    @Override
    public boolean matches(String path) {
      return names.stream().anyMatch(name -> isNamed(path, name));
    }

    private static boolean isNamed(String path, String name) {
      return path.equals(name) || path.endsWith("." + name);
    }
  }

  /**
   * The layers whose whole path matches a regular expression, as with a string in PEFT's {@code
   * target_modules}.
   */
  record Expression(String expression) implements LoraTargets {
    /**
     * Checks the syntax, Python's.
     *
     * @throws IllegalArgumentException if it is wrong
     */
    public Expression {
      pattern(expression);
    }

    @Override
    public boolean matches(String path) {
      return pattern(expression).matches(path);
    }

    private static PythonPattern pattern(String expression) {
      return PythonPattern.of("target_modules", expression, expression);
    }
  }

  /** Whether the layer of this path is adapted. */
  boolean matches(String path);

  /**
   * The adapted layers among a model's linear layers.
   *
   * @throws IllegalArgumentException if the expression, or one of the names, matches none of them;
   *     the message says which, and which layers there are
   */
  default List<String> select(Collection<String> paths) {
    switch (this) {
      case AllLinears _ -> requireMatch(this, paths, "the model has no linear layer to adapt");
      case Names(var names) -> {
        for (var name : names) {
          requireMatch(
              new Names(List.of(name)),
              paths,
              "target_modules: no linear layer is named %s; there are %s"
                  .formatted(Printable.quote(name), String.join(", ", lastNames(paths))));
        }
      }
      case Expression(var expression) ->
          requireMatch(
              this,
              paths,
              "target_modules: %s matches no linear layer; their paths are like %s"
                  .formatted(Printable.quote(expression), examples(paths)));
    }
    return paths.stream().filter(this::matches).toList();
  }

  private static void requireMatch(LoraTargets targets, Collection<String> paths, String message) {
    if (paths.stream().noneMatch(targets::matches)) {
      throw new IllegalArgumentException(message);
    }
  }

  /** The first path with each last name. */
  private static String examples(Collection<String> paths) {
    var names = new ArrayList<>(lastNames(paths));
    return paths.stream()
        .filter(path -> names.remove(lastName(path)))
        .collect(Collectors.joining(", "));
  }

  /** The last parts of these paths, each once. */
  static Collection<String> lastNames(Collection<String> paths) {
    return paths.stream()
        .map(LoraTargets::lastName)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  private static String lastName(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }
}

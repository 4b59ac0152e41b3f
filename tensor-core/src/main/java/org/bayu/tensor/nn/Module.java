package org.bayu.tensor.nn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * A part of a model, with its own parameters and named children, in the order of their declaration.
 *
 * <p>A subclass declares them in its constructor. It defines its own method for the computation:
 *
 * <pre>{@code
 * final class Mlp extends Module {
 *   private final Slot<Linear> up;
 *
 *   Mlp(Linear up) {
 *     this.up = child("up_proj", up);
 *   }
 *
 *   Variable forward(Tape tape, Variable x) {
 *     return up.get().forward(tape, x);
 *   }
 * }
 * }</pre>
 */
public abstract class Module {
  private final List<Parameter> own = new ArrayList<>();
  private final Map<String, Slot<?>> children = new LinkedHashMap<>();

  /** For subclasses. */
  protected Module() {}

  /** The place of a child, which may be replaced. */
  public static final class Slot<M extends Module> {
    private M module;

    private Slot(M module) {
      this.module = module;
    }

    /** The child. */
    public M get() {
      return module;
    }
  }

  /** Declares a child. */
  protected final <M extends Module> Slot<M> child(String name, M module) {
    var slot = new Slot<>(module);
    children.put(name, slot);
    return slot;
  }

  /** Declares a parameter. */
  protected final Parameter parameter(Parameter parameter) {
    own.add(parameter);
    return parameter;
  }

  /**
   * Every parameter of this module and of all modules below it, in the order of declaration. A
   * shared parameter, such as a tied head's, is listed once, at its first place.
   */
  public final List<Parameter> parameters() {
    var all = new LinkedHashSet<Parameter>();
    collect(all);
    return List.copyOf(all);
  }

  private void collect(Set<Parameter> all) {
    all.addAll(own);
    for (var slot : children.values()) {
      Module module = slot.get();
      module.collect(all);
    }
  }

  /** Every linear layer below this module by its path, like {@code layers.0.mlp.up_proj}. */
  public final Map<String, Linear> linears() {
    var all = new LinkedHashMap<String, Linear>();
    replaceLinears(
        (path, linear) -> {
          all.put(path, linear);
          return linear;
        });
    return all;
  }

  /**
   * Replaces each linear layer below this module by the result of {@code replacement}, which takes
   * the layer's path and the layer. To keep a layer, return it unchanged.
   */
  public final void replaceLinears(BiFunction<String, Linear, Linear> replacement) {
    replaceLinears("", replacement);
  }

  @SuppressWarnings("unchecked") // a slot of a Linear is declared as Slot<Linear>: Linear's only
  // subclasses come from here
  private void replaceLinears(String prefix, BiFunction<String, Linear, Linear> replacement) {
    children.forEach(
        (name, slot) -> {
          Module module = slot.get();
          if (module instanceof Linear linear) {
            ((Slot<Linear>) slot).module = replacement.apply(prefix + name, linear);
          } else {
            module.replaceLinears(prefix + name + ".", replacement);
          }
        });
  }
}

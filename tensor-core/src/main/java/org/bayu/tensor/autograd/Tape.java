package org.bayu.tensor.autograd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.OpTime.Pass;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Variable.Gradient;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.attention.TileCache;
import org.bayu.tensor.internal.elements.Arithmetic;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.jspecify.annotations.Nullable;

/**
 * Records ops as they compute and runs them backwards.
 *
 * <p>A tape is for one forward and at most one backward pass. Its memory comes from a workspace.
 * Values and gradients return there as soon as the backward pass no longer needs them, and the rest
 * when the owner calls {@link Workspace#reset}. A tape made by {@link #inference} records nothing.
 *
 * <p>Not thread-safe; the ops use the device's threads.
 */
public final class Tape {
  private final CpuDevice device;
  private final Workspace workspace;
  private final @Nullable Gradients gradients;
  private final boolean training;
  private final Pass pass;
  private final TileCache tiles;
  private final List<Node> nodes = new ArrayList<>();
  private final Set<Tensor> owned = Collections.newSetFromMap(new IdentityHashMap<>());

  private boolean unread;
  private boolean cheapAgain;

  private record Node(String op, Variable output, Backward backward) {}

  /** Adds to the gradients of an op's inputs and weights, given that of its output. */
  @FunctionalInterface
  interface Backward {
    void run(Gradient gradient);
  }

  /** A tape that records for the weights of {@code gradients} and for its own inputs. */
  public Tape(Device device, Workspace workspace, Gradients gradients) {
    this((CpuDevice) device, workspace, gradients, true, Pass.FORWARD, new TileCache());
  }

  private Tape(
      CpuDevice device,
      Workspace workspace,
      @Nullable Gradients gradients,
      boolean training,
      Pass pass,
      TileCache tiles) {
    this.training = training;
    this.pass = pass;
    this.tiles = tiles;
    this.device = device;
    this.workspace = workspace;
    this.gradients = gradients;
  }

  /** A tape that computes without recording. */
  public static Tape inference(Device device, Workspace workspace) {
    return new Tape((CpuDevice) device, workspace, null, false, Pass.FORWARD, new TileCache());
  }

  /** Whether ops are recorded for a backward pass. */
  public boolean recording() {
    return gradients != null;
  }

  /**
   * Whether a backward pass will follow, so that dropout drops. Also true within a {@link
   * Checkpoint}, whose first pass does not record.
   */
  public boolean training() {
    return training;
  }

  /** A variable without gradient. The caller still owns the tensor's memory. */
  public Variable constant(Tensor value) {
    return new Variable(value, false);
  }

  /** A variable whose gradient can be read after {@link #backward}. */
  public Variable input(Tensor value) {
    return new Variable(value, recording());
  }

  /** An I32 tensor of these elements, such as token ids or positions, in this tape's memory. */
  public Tensor ints(int... values) {
    var tensor = allocate(DType.I32, values.length);
    MemorySegment.copy(values, 0, tensor.data(), ValueLayout.JAVA_INT, 0, values.length);
    return tensor;
  }

  /**
   * Runs the recorded ops backwards from a scalar. It adds the weights' gradients to {@link
   * Gradients}. The inputs' gradients are then in their variables.
   *
   * @throws ShapeException if {@code loss} has more than one element
   */
  public void backward(Variable loss) {
    if (loss.value().elements() != 1) {
      throw new ShapeException("backward from %s, not from a scalar".formatted(loss.value()));
    }
    var one = allocate(loss.value().dtype(), loss.value().shape().dims());
    one.setFloat(0, 1);
    backward(loss, one);
  }

  /** Runs backwards from {@code output}, whose gradient this tape then owns. */
  void backward(Variable output, Tensor gradient) {
    if (!output.requiresGradient()) {
      release(gradient);
      return;
    }
    output.setGradient(new Gradient(gradient));
    for (var node : nodes.reversed()) {
      var shared = node.output.sharedGradient();
      if (shared != null) {
        node.output.setGradient(null);
        node.backward.run(shared);
        if (gradients != null) {
          gradients.opEnded();
        }
        drop(shared);
        device.clock().lap(node.op, Pass.BACKWARD);
      }
      release(node.output.form());
    }
    nodes.clear();
  }

  /** A tape on the same workspace that records nothing: for a value to be computed again. */
  Tape unrecorded() {
    return new Tape(device, workspace, null, training, pass, tiles);
  }

  /** A tape on the same workspace that records: for what was computed before. */
  Tape recomputing() {
    return new Tape(device, workspace, gradients, training, Pass.RECOMPUTE, tiles);
  }

  /**
   * Gives the memory of a value back that no later op of the forward pass reads. Of values that the
   * backward pass reads, only the outputs of {@link RmsNorm}, {@link SwiGlu} and {@link Dropout}
   * may be forgotten: these are kept, unless they shall be {@linkplain #computeCheapAgain computed
   * again}. Of others only those may be forgotten that the backward passes of the ops behind them
   * do not read: what {@link Add} and {@link RotaryEmbedding} were given.
   */
  public void forget(Variable x) {
    if (owned.contains(x.form()) && (cheapAgain || !x.canBeComputedAgain())) {
      release(x.form());
      x.forget();
    }
  }

  /**
   * From now on {@link #forget} also gives back what the cheap ops can compute again in the
   * backward pass, to the same bits. That takes a pass over memory for each value.
   */
  public void computeCheapAgain() {
    cheapAgain = true;
  }

  /**
   * Runs the last ops of a {@link Checkpoint}'s block. When the block is computed again, nobody
   * reads their values: {@link Linear} and {@link Add} are then recorded without computing them.
   */
  public Variable last(Supplier<Variable> ops) {
    // Of a checkpoint within the block, the first run gives the value that the block reads.
    unread = pass == Pass.RECOMPUTE && recording();
    try {
      return ops.get();
    } finally {
      unread = false;
    }
  }

  /** Whether nobody will read the values of ops at the moment. */
  boolean unread() {
    return unread;
  }

  /** Memory for an op's value, this tape's until released; none if nobody will read the value. */
  Tensor allocateValue(DType dtype, long... dims) {
    return unread ? Tensor.withoutMemory(dtype, Shape.of(dims)) : allocate(dtype, dims);
  }

  CpuDevice device() {
    return device;
  }

  /** The tiles of the pass's attention: those of all tapes on the way. */
  TileCache tiles() {
    return tiles;
  }

  /** Where this tape's memory comes from: for what an op keeps and gives back itself. */
  Workspace workspace() {
    return workspace;
  }

  /** Memory of undefined contents, this tape's until released. */
  Tensor allocate(DType dtype, long... dims) {
    var tensor = workspace.allocate(dtype, dims);
    owned.add(tensor);
    return tensor;
  }

  /** Gives memory back that this tape owns; others' is left alone. */
  void release(Tensor tensor) {
    if (owned.remove(tensor)) {
      workspace.release(tensor);
    }
  }

  /** Gives all of this tape's memory back. */
  void releaseAll() {
    owned.forEach(workspace::release);
    owned.clear();
  }

  /** Hands {@code tensor} to {@code other}, if this tape owns it. */
  boolean give(Tensor tensor, Tape other) {
    return owned.remove(tensor) && other.owned.add(tensor);
  }

  /** Whether a backward pass adds to the gradient of this weight. */
  boolean trains(@Nullable Tensor weight) {
    return weight != null && gradients != null && gradients.contains(weight);
  }

  /**
   * Adds to the gradient of a weight, unless it is frozen.
   *
   * @param write writes the addition to F32 memory, or adds it to what is there
   */
  void addGradient(Tensor weight, Consumer<GradientTarget> write) {
    if (gradients != null) {
      gradients.add(this, weight, write);
    }
  }

  /**
   * The result of {@code op}, which ends here. Recorded when {@code requiresGradient}, and then
   * {@code backward} runs once, after those of all ops that used the result; it adds to each
   * input's gradient through {@link #target} and {@link #pass}, and to each weight's through {@link
   * #addGradient}.
   */
  Variable record(String op, Tensor value, boolean requiresGradient, Backward backward) {
    var recorded = requiresGradient && recording();
    var output = new Variable(value, recorded);
    if (recorded) {
      nodes.add(new Node(op, output, backward));
    }
    device.clock().lap(op, pass);
    return output;
  }

  /**
   * The same for an op that is cheap to compute again.
   *
   * @param again computes the value, bit by bit, in memory of this tape
   */
  Variable record(
      String op,
      Tensor value,
      boolean requiresGradient,
      Supplier<Tensor> again,
      Backward backward) {
    var output = record(op, value, requiresGradient, backward);
    if (recording()) {
      output.setAgain(again);
    }
    return output;
  }

  /**
   * Changes the gradient of {@code x} when all ops that are recorded from now on have added to it,
   * before the op that made {@code x} and earlier ones read it. Does nothing if it has none.
   */
  void beforeGradientIsRead(String op, Variable x, Consumer<Tensor> change) {
    if (x.requiresGradient() && recording()) {
      nodes.add(
          new Node(
              op,
              x,
              shared -> {
                var own = shared;
                if (shared.holders > 1) {
                  var copy = allocate(x.form().dtype(), x.form().shape().dims());
                  copy.copyFrom(shared.tensor());
                  own = new Gradient(copy);
                } else {
                  own.holders++; // the caller lets go of it
                }
                change.accept(own.tensor());
                x.setGradient(own);
              }));
    }
  }

  /** Ends an op in the device's profile. */
  void lap(String op) {
    device.clock().lap(op, pass);
  }

  /** Where to add the gradient of {@code x}, of its type; null if it needs none. */
  @Nullable GradientTarget target(Variable x) {
    if (!x.requiresGradient()) {
      return null;
    }
    var shared = x.sharedGradient();
    if (shared == null) {
      var gradient = allocate(x.form().dtype(), x.form().shape().dims());
      x.setGradient(new Gradient(gradient));
      return new GradientTarget(gradient, false);
    }
    if (shared.holders > 1) {
      var copy = allocate(x.form().dtype(), x.form().shape().dims());
      copy.copyFrom(shared.tensor());
      shared.holders--;
      x.setGradient(new Gradient(copy));
      return new GradientTarget(copy, true);
    }
    return new GradientTarget(shared.tensor(), true);
  }

  /**
   * Adds {@code gradient} to that of {@code x}: shared where {@code x} has none yet and is of the
   * same type.
   */
  void pass(Gradient gradient, Variable x) {
    if (!x.requiresGradient()) {
      return;
    }
    var sameType = gradient.tensor().dtype() == x.form().dtype();
    if (sameType && x.sharedGradient() == null) {
      gradient.holders++;
      x.setGradient(gradient);
      return;
    }
    var target = target(x);
    if (target == null) {
      return;
    }
    if (target.accumulate()) {
      Arithmetic.add(device, target.tensor(), gradient.tensor(), target.tensor());
    } else {
      Arithmetic.convert(device, gradient.tensor(), target.tensor());
    }
  }

  /** One holder less; the last one frees the memory. */
  void drop(Gradient gradient) {
    if (--gradient.holders == 0) {
      release(gradient.tensor());
    }
  }
}

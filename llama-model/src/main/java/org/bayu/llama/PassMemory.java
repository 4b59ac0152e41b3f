package org.bayu.llama;

import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.GradientParts;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.nn.Parameter;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a pass over a model, without its parameters and their gradients.
 *
 * <p>The workspace is counted exactly. The scratch memory is an upper bound. The pass is run on a
 * device for {@linkplain Devices#dryRun dry runs}, with tensors {@linkplain Tensor#withoutMemory
 * without memory}. Its ops then allocate and release as in a real pass, and compute nothing. That
 * takes some milliseconds, whatever the model's size. The model should have weights {@link
 * #withoutMemory without memory}, and the same adapter and trainable parameters as the real one.
 *
 * @param workspaceBytes what the pass's {@link Workspace} holds: activations, their gradients,
 *     logits
 * @param scratchBytes what the device's threads hold for single ops: packed matrices, which are
 *     counted, and an upper bound for the tasks of products and attention
 */
public record PassMemory(long workspaceBytes, long scratchBytes) {
  /** Panels and sums of one thread's task in a matrix product. */
  private static final long TASK_BYTES = 1 << 20;

  /** These weights' types and shapes, {@linkplain Tensor#withoutMemory without memory}. */
  public static Weights withoutMemory(Weights weights) {
    return name -> {
      var weight = weights.tensor(name);
      return Tensor.withoutMemory(weight.dtype(), weight.shape());
    };
  }

  /**
   * The memory of a micro-batch's forward and backward pass, for the gradients of all trainable
   * parameters.
   *
   * @param recomputed of how many blocks only the input is kept, see {@link LlamaModel#hidden}
   * @param threads of the device
   */
  public static PassMemory training(
      LlamaModel model,
      TokenTree tree,
      Targets targets,
      DType compute,
      int recomputed,
      int threads) {
    return training(model, tree, targets, compute, recomputed, threads, null);
  }

  /**
   * The same in one of several processes.
   *
   * @param parts which part of each gradient is kept; null for all of it
   */
  public static PassMemory training(
      LlamaModel model,
      TokenTree tree,
      Targets targets,
      DType compute,
      int recomputed,
      int threads,
      @Nullable GradientParts parts) {
    var trainable = model.parameters().stream().filter(Parameter::trainable).toList();
    try (var device = Devices.dryRun(threads);
        var workspace = Workspace.counting();
        var gradients = Parameter.gradients(trainable, 0, parts)) {
      var tape = new Tape(device, workspace, gradients);
      var loss = model.loss(tape, tree, targets, compute, recomputed);
      if (loss.requiresGradient()) {
        tape.backward(loss);
      }
      return of(model, tree, device, workspace);
    }
  }

  /** The memory of computing a micro-batch's loss, without a backward pass. */
  public static PassMemory inference(
      LlamaModel model, TokenTree tree, Targets targets, DType compute, int threads) {
    try (var device = Devices.dryRun(threads);
        var workspace = Workspace.counting()) {
      var tape = Tape.inference(device, workspace);
      model.loss(tape, tree, targets, compute, 0);
      return of(model, tree, device, workspace);
    }
  }

  private static PassMemory of(
      LlamaModel model, TokenTree tree, Device device, Workspace workspace) {
    var config = model.config();
    // At most what a task of attention's backward pass has: for the query heads that share a key
    // head, packed queries and output gradients of all tokens (with AVX2 as F32), and the sums of
    // their gradients.
    var heads = (long) config.heads() / config.kvHeads();
    var attention = 12 * heads * tree.rows() * config.headDim();
    return new PassMemory(
        workspace.neededBytes(),
        device.scratchBytes() + device.threads() * (TASK_BYTES + attention));
  }

  /** Workspace and scratch together. */
  public long bytes() {
    return workspaceBytes + scratchBytes;
  }

  /** The memory of two passes that run one after the other: the maximum of each part. */
  public PassMemory max(PassMemory other) {
    return new PassMemory(
        Math.max(workspaceBytes, other.workspaceBytes), Math.max(scratchBytes, other.scratchBytes));
  }
}

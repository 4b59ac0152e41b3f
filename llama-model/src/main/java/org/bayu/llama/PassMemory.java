package org.bayu.llama;

import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.nn.Parameter;

/**
 * The memory that a pass over a model takes in addition to its parameters and their gradients.
 *
 * <p>The workspace is counted exactly, the scratch memory is bounded: the pass is run on a device
 * for {@linkplain Devices#dryRun dry runs} with tensors {@linkplain Tensor#withoutMemory without
 * memory}, so that its ops allocate and release what they would. That takes some milliseconds,
 * whatever the model's size. The model should be one on weights {@link #withoutMemory without
 * memory}, adapted and made trainable as the real one is to be.
 *
 * @param workspaceBytes what the pass's {@link Workspace} holds: activations, their gradients,
 *     logits
 * @param scratchBytes what the device's threads hold for single ops: packed matrices, counted, and
 *     the memory of each thread's task in a product and in attention, at most
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
   * Of one micro-batch's forward and backward pass, for the gradients of all trainable parameters.
   *
   * @param threads of the device
   */
  public static PassMemory training(
      LlamaModel model,
      TokenTree tree,
      Targets targets,
      DType compute,
      boolean checkpointing,
      int threads) {
    var trainable =
        model.parameters().stream().filter(Parameter::trainable).map(Parameter::value).toList();
    try (var device = Devices.dryRun(threads);
        var workspace = Workspace.counting();
        var gradients = new Gradients(trainable)) {
      var tape = new Tape(device, workspace, gradients);
      var hidden = model.hidden(tape, tree, compute, checkpointing);
      var loss = model.loss(tape, hidden, targets);
      if (loss.requiresGradient()) {
        tape.backward(loss);
      }
      return of(model, tree, device, workspace);
    }
  }

  /** Of the loss of one micro-batch alone. */
  public static PassMemory inference(
      LlamaModel model, TokenTree tree, Targets targets, DType compute, int threads) {
    try (var device = Devices.dryRun(threads);
        var workspace = Workspace.counting()) {
      var tape = Tape.inference(device, workspace);
      var hidden = model.hidden(tape, tree, compute, false);
      model.loss(tape, hidden, targets);
      return of(model, tree, device, workspace);
    }
  }

  private static PassMemory of(
      LlamaModel model, TokenTree tree, Device device, Workspace workspace) {
    var config = model.config();
    // At most what a task of attention's backward pass has: for the query heads that share a key
    // head, packed queries and output gradients of all tokens, and the sums of their gradients.
    var heads = (long) config.heads() / config.kvHeads();
    var attention = 8 * heads * tree.rows() * config.headDim();
    return new PassMemory(
        workspace.neededBytes(),
        device.scratchBytes() + device.threads() * (TASK_BYTES + attention));
  }

  /** Both. */
  public long bytes() {
    return workspaceBytes + scratchBytes;
  }

  /** The greater of both parts: of passes that run one after the other on the same memory. */
  public PassMemory max(PassMemory other) {
    return new PassMemory(
        Math.max(workspaceBytes, other.workspaceBytes), Math.max(scratchBytes, other.scratchBytes));
  }
}

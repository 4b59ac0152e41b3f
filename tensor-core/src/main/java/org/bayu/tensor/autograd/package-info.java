/**
 * Reverse-mode automatic differentiation: a {@link org.bayu.tensor.autograd.Tape} records what the
 * ops of this package compute, and runs it backwards into {@link
 * org.bayu.tensor.autograd.Gradients}.
 *
 * <p>Activations are matrices [tokens, features] in the compute type, F32 or BF16; weights may be
 * of any floating type; gradients of weights are F32.
 *
 * <pre>{@code
 * try (var device = Devices.cpu();
 *     var workspace = new Workspace();
 *     var gradients = new Gradients(List.of(weight))) {
 *   var tape = new Tape(device, workspace, gradients);
 *   var y = Linear.apply(tape, tape.constant(x), weight, null, null);
 *   …
 *   tape.backward(loss);
 *   Tensor dWeight = gradients.of(weight);
 * }
 * }</pre>
 */
@NullMarked
package org.bayu.tensor.autograd;

import org.jspecify.annotations.NullMarked;

/**
 * Low-rank adapters: a {@link org.bayu.lora.LoraAdapter} adds small trainable matrices to the
 * linear layers that a {@link org.bayu.lora.LoraConfig} names, and leaves the model's own weights
 * as they are.
 *
 * <pre>{@code
 * try (var adapter = LoraAdapter.inject(model, LoraConfig.DEFAULT, seed)) {
 *   train(adapter.parameters());
 *   for (var weight : adapter.mergedWeights()) {
 *     Tensor merged = adapter.merged(device, weight, base(weight), DType.BF16, memory);
 *     …
 *   }
 * }
 * }</pre>
 */
@NullMarked
package org.bayu.lora;

import org.jspecify.annotations.NullMarked;

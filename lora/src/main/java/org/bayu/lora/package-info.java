/**
 * Low-rank adapters: a {@link org.bayu.lora.LoraAdapter} adds small trainable matrices to the
 * linear layers that a {@link org.bayu.lora.LoraConfig} names, and leaves the model's own weights
 * as they are. {@link org.bayu.lora.PeftFormat} saves adapters as PEFT does, and loads PEFT's.
 *
 * {@snippet :
 * try (var adapter = LoraAdapter.inject(model, LoraConfig.DEFAULT, 0)) {
 *   // Train adapter.parameters(), then:
 *   PeftFormat.save(adapter, Path.of("adapter"), "meta-llama/Llama-2-7b-hf");
 * }
 * try (var adapter = PeftFormat.load(Path.of("adapter"), model)) {
 *   // The model computes with the adapter until it is closed.
 * }
 * }
 */
@NullMarked
package org.bayu.lora;

import org.jspecify.annotations.NullMarked;

/**
 * Model folders in the Hugging Face layout: {@link org.bayu.llama.hf.HfCheckpoint} opens and saves
 * them, and {@link org.bayu.llama.hf.ConfigJson} reads and writes their configuration.
 *
 * {@snippet :
 * try (var checkpoint = HfCheckpoint.open(Path.of("Llama-2-7b-hf"))) {
 *   checkpoint.notes().forEach(System.err::println);
 *   var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
 *   // The same model in 16 bits:
 *   HfCheckpoint.save(
 *       Path.of("copy"), checkpoint, DType.BF16, OptionalInt.empty(), checkpoint.weights());
 * }
 * }
 */
@NullMarked
package org.bayu.llama.hf;

import org.jspecify.annotations.NullMarked;

/**
 * The Llama model and what it is read from and written to.
 *
 * {@snippet :
 * try (var checkpoint = HfCheckpoint.open(Path.of("Llama-2-7b-hf"))) {
 *   System.out.println(checkpoint.config().parameterCount() + " weights");
 *   HfCheckpoint.save(Path.of("copy"), checkpoint, DType.BF16, checkpoint.weights());
 * }
 * }
 *
 * <p>{@link org.bayu.llama.LlamaConfig} is the architecture, {@link org.bayu.llama.HfCheckpoint} a
 * model folder.
 */
@NullMarked
package org.bayu.llama;

import org.jspecify.annotations.NullMarked;

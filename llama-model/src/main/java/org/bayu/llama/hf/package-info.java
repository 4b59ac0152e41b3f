/**
 * Model folders in the Hugging Face layout: {@link org.bayu.llama.hf.ModelFolder} opens one, with
 * its model and its tokenizer. {@link org.bayu.llama.hf.HfCheckpoint} is a folder's configuration
 * and weights, and saves new folders.
 *
 * {@snippet :
 * try (var folder = ModelFolder.open(Path.of("Llama-2-7b-hf"))) {
 *   var tokens = folder.tokenizer().prompt("Once upon a time");
 *   folder.notes().forEach(System.err::println);
 *   // The same model with weights in BF16:
 *   var base = folder.checkpoint();
 *   HfCheckpoint.save(Path.of("copy"), base, DType.BF16, OptionalInt.empty(), base.weights());
 * }
 * }
 */
@NullMarked
package org.bayu.llama.hf;

import org.jspecify.annotations.NullMarked;

/**
 * One door from what a user names to local files: a path, an address in a bucket, or a name on the
 * Hugging Face Hub. {@link org.bayu.remote.files.LocalFiles} is that door.
 *
 * {@snippet :
 * try (var files = LocalFiles.ofProcess(System.err::println)) {
 *   Path model = files.model("meta-llama/Llama-2-7b-hf").folder();
 *   Path adapter = files.adapter("gs://team/adapters/step-120").folder();
 *   List<Path> rows = files.rows("GEM/viggo", "train");
 * }
 * }
 */
@NullMarked
package org.bayu.remote.files;

import org.jspecify.annotations.NullMarked;

/**
 * Reading and writing tensors: safetensors files, whole or in shards.
 *
 * {@snippet :
 * try (var file = SafetensorsFile.open(Path.of("model.safetensors"))) {
 *   for (var name : file.names()) {
 *     System.out.println(name + " " + file.tensor(name));
 *   }
 * }
 * }
 *
 * <p>{@link org.bayu.tensor.io.SafetensorsFile} and {@link org.bayu.tensor.io.ShardedSafetensors}
 * map files into memory; {@link org.bayu.tensor.io.SafetensorsWriter} replaces a file in one step.
 */
@NullMarked
package org.bayu.tensor.io;

import org.jspecify.annotations.NullMarked;

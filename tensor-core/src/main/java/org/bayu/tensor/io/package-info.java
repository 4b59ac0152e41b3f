/**
 * Reading tensors from safetensors files, mapped into memory.
 *
 * {@snippet :
 * try (var file = SafetensorsFile.open(Path.of("model.safetensors"))) {
 *   for (var name : file.names()) {
 *     System.out.println(name + " " + file.tensor(name));
 *   }
 * }
 * }
 */
@NullMarked
package org.bayu.tensor.io;

import org.jspecify.annotations.NullMarked;

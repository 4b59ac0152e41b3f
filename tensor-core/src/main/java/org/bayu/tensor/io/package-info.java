/** Reading and writing tensors: the safetensors format, whole or in shards. */
@NullMarked
package org.bayu.tensor.io;

import org.jspecify.annotations.NullMarked;

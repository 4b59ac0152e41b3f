/**
 * Machine code that is assembled at its first use, for instructions that Java's Vector API does not
 * express: the memory that holds it, the call, and the products that it computes. Knows no
 * instruction set: a package below this one, such as {@code x86}, assembles the code. Not exported.
 */
@NullMarked
package org.bayu.tensor.internal.kernels.machine;

import org.jspecify.annotations.NullMarked;

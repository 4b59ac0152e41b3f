/**
 * Machine code assembled at start-up, for instructions that Java's Vector API does not express: not
 * exported.
 *
 * <p>Instructions and their encodings are those of the Intel 64 and IA-32 Architectures Software
 * Developer's Manual, volume 2, operands in its order: the destination first.
 */
@NullMarked
package org.bayu.tensor.internal.kernels.machine;

import org.jspecify.annotations.NullMarked;

/**
 * An assembler for x86-64 processors, as far as the kernels need it. Not exported.
 *
 * <p>Instructions and their encodings are those of the Intel 64 and IA-32 Architectures Software
 * Developer's Manual, volume 2, operands in its order: the destination first.
 */
@NullMarked
package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import org.jspecify.annotations.NullMarked;

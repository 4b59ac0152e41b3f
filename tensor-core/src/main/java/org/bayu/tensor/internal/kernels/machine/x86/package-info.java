/**
 * Kernels for x86-64 processors with AVX2 or AVX-512: {@link
 * org.bayu.tensor.internal.kernels.machine.x86.X86Kernels} asks what the processor has and
 * assembles the functions, each of which has a class of its own. Not exported.
 */
@NullMarked
package org.bayu.tensor.internal.kernels.machine.x86;

import org.jspecify.annotations.NullMarked;

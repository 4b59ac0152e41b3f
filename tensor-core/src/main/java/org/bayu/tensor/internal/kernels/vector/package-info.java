/**
 * The kernels on the JDK's Vector API: the only package that touches {@code jdk.incubator.vector}.
 *
 * <p>{@code reduceLanes(ADD)} and {@code lanewise(EXP)} are not used: they give other bits
 * interpreted than compiled.
 */
@NullMarked
package org.bayu.tensor.internal.kernels.vector;

import org.jspecify.annotations.NullMarked;

package org.bayu.tensor.internal.elements;

import org.bayu.tensor.Tensor;

/** Memory for a gradient: to be added to, or (undefined so far) to be overwritten. */
public record GradientTarget(Tensor tensor, boolean accumulate) {}

package org.bayu.tensor.autograd;

import org.bayu.tensor.Tensor;

/** Memory for a gradient: to be added to, or (undefined so far) to be overwritten. */
record GradientTarget(Tensor tensor, boolean accumulate) {}

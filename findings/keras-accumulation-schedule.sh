#!/bin/sh
# keras 3.15.1 on jax 0.10.2, numpy 2.4.6, CPython 3.
#
# With gradient_accumulation_steps=4 an optimizer of Keras updates the weights after every fourth batch. Its property
# iterations counts the updates. A learning rate schedule is given the number of batches: it runs four times as fast. A
# warm-up and decay over the number of updates are over after a quarter of the training, and the rest has the rate of the
# end, which is often 0. Adam's own corrections go by updates. There is no message.
#
# Whoever accumulates gradients must give the schedule's steps in batches.
#
# Output seen, for a rate that falls from 1 to 0 at update 10, and gradients of 1:
#   20 updates of one batch each: weight -11, iterations 20
#   20 updates of 4 batches each: weight -2, iterations 20
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
KERAS_HOME="$folder" KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy

schedule = keras.optimizers.schedules.PiecewiseConstantDecay([10], [1.0, 0.0])
one = keras.ops.ones(1)
seen = {}
for batches in (1, 4):
    weight = keras.Variable(numpy.zeros(1, numpy.float32))
    optimizer = keras.optimizers.SGD(schedule, gradient_accumulation_steps=batches if batches > 1 else None)
    for _ in range(20 * batches):
        optimizer.apply([one], [weight])
    seen[batches] = int(weight[0]), int(optimizer.iterations)
print("20 updates of one batch each: weight %d, iterations %d" % seen[1])
print("20 updates of 4 batches each: weight %d, iterations %d" % seen[4])
assert seen[1] == (-11, 20)
assert seen[4] == (-2, 20), "behaves otherwise now"
PYTHON

#!/bin/sh
# keras 3.15.1, torch 2.13.0 on a CPU, jax 0.10.2, numpy 2.4.6, CPython 3.
#
# The same BatchNormalization and GroupNormalization of Keras are precise on JAX and not on PyTorch. There ops.moments takes
# the variance as the mean of the squares less the square of the mean (keras/src/backend/torch/nn.py), in float32: of
# numbers whose mean is 1000 times their spread few digits are left, and beyond that the variance is 0 or below it, and the
# output some numbers far too large and some NaN. The moving variance, which inference uses later, comes from the same
# numbers. LayerNormalization is right on both. There is no message.
#
# Whoever trains with Keras on PyTorch should subtract a constant from features such as years, prices or times first.
#
# Output seen, the greatest error of the output, and NaN among 512 numbers, for a spread of 1 and a mean of:
#   jax, 0: batch 0.000 and 0, group 0.000 and 0, layer 0.000 and 0
#   jax, 1000: batch 0.000 and 0, group 0.000 and 0, layer 0.000 and 0
#   jax, 3000: batch 0.001 and 0, group 0.001 and 0, layer 0.001 and 0
#   jax, 10000: batch 0.002 and 0, group 0.003 and 0, layer 0.003 and 0
#   torch, 0: batch 0.000 and 0, group 0.000 and 0, layer 0.000 and 0
#   torch, 1000: batch 0.309 and 0, group 1.856 and 0, layer 0.000 and 0
#   torch, 3000: batch 66.292 and 0, group 75.884 and 64, layer 0.000 and 0
#   torch, 10000: batch 117.232 and 192, group 79.843 and 176, layer 0.002 and 0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 torch==2.13.0 jax==0.10.2 jaxlib==0.10.2 \
  numpy==2.4.6
cat >"$folder/normalize.py" <<'PYTHON'
import sys

import keras
import numpy

backend = keras.backend.backend()
noise = numpy.random.default_rng(0).normal(size=(64, 8)).astype(numpy.float32)
seen = []
for mean in (0, 1000, 3000, 10000):
    numbers = noise + numpy.float32(mean)
    wide = numbers.astype(numpy.float64)
    line = []
    for layer, axis, options in ((keras.layers.BatchNormalization(), 0, {"training": True}),
                                 (keras.layers.GroupNormalization(1), 1, {}), (keras.layers.LayerNormalization(), 1, {})):
        right = (wide - wide.mean(axis, keepdims=True)) / numpy.sqrt(wide.var(axis, keepdims=True) + layer.epsilon)
        error = numpy.abs(keras.ops.convert_to_numpy(layer(numbers, **options)) - right)
        line.append((float(numpy.nanmax(error)), int(numpy.isnan(error).sum())))
    batch, group, each = ("%.3f and %d" % pair for pair in line)
    print(f"{backend}, {mean}: batch {batch}, group {group}, layer {each}")
    seen.append(line)
if backend == "jax":
    assert all(error < 0.01 and nan == 0 for line in seen for error, nan in line)
else:
    assert all(line[2][0] < 0.01 and line[2][1] == 0 for line in seen)
    assert all(seen[1][layer][0] > 0.05 and seen[3][layer][1] > 0 for layer in (0, 1)), "behaves otherwise now"
PYTHON
for backend in jax torch; do
  KERAS_HOME="$folder" KERAS_BACKEND=$backend JAX_PLATFORMS=cpu "$folder/venv/bin/python" "$folder/normalize.py"
done

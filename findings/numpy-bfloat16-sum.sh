#!/bin/sh
# numpy 2.4.6, ml_dtypes 0.6.0 (the bfloat16 of JAX), CPython 3.
#
# numpy adds numbers of ml_dtypes.bfloat16 one by one and rounds each sum to bfloat16: sum, mean, var and std of more than a
# few hundred are wrong, without a warning. 1000 ones have the sum 256 and the mean 0.256. numpy's own float16 is added in
# pairs with wider sums and gives 1000. numpy.dot of the same arrays is right.
#
# Whoever compares or describes a bfloat16 checkpoint with numpy must widen it first, or say dtype=numpy.float32.
#
# Output seen:
#   bfloat16: sum 256.0, mean 0.255859, dot 1000.0, sum with dtype=float32 1000.0
#   float16: sum 1000.0, mean 1.0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 ml_dtypes==0.6.0
"$folder/venv/bin/python" - <<'PYTHON'
import ml_dtypes
import numpy

ones = numpy.ones(1000, ml_dtypes.bfloat16)
half = numpy.ones(1000, numpy.float16)
total, mean, dot = float(ones.sum()), float(ones.mean()), float(numpy.dot(ones, ones))
wide = float(ones.sum(dtype=numpy.float32))
print(f"bfloat16: sum {total}, mean {mean:.6f}, dot {dot}, sum with dtype=float32 {wide}")
print(f"float16: sum {float(half.sum())}, mean {float(half.mean())}")
assert (total, dot, wide) == (256.0, 1000.0, 1000.0), "behaves otherwise now"
assert f"{mean:.6f}" == "0.255859", "behaves otherwise now"
assert float(half.sum()) == 1000.0 and float(half.mean()) == 1.0
PYTHON

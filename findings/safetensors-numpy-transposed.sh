#!/bin/sh
# safetensors 0.8.0, numpy 2.4.6, CPython 3.
#
# safetensors.numpy.save and save_file write the memory of an array that is not in C order as it lies, under the array's
# own shape, without a word: a transposed matrix is read back with other values in its places. numpy's own tobytes(), which
# one would expect, puts them in order, and safetensors.torch refuses such tensors. numpy.ascontiguousarray before the save helps.
#
# Whoever makes a model's or a test's file in numpy, for another program to read, gets wrong weights in a valid file.
#
# Output seen:
#   saved  [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
#   loaded [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
#   made contiguous first: equal
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 safetensors==0.8.0
"$folder/venv/bin/python" - <<'PYTHON'
import numpy
from safetensors.numpy import load, save

matrix = numpy.arange(6, dtype=numpy.float32).reshape(2, 3).T
loaded = load(save({"m": matrix}))["m"]
contiguous = load(save({"m": numpy.ascontiguousarray(matrix)}))["m"]
print("saved ", matrix.tolist())
print("loaded", loaded.tolist())
print("made contiguous first:", "equal" if numpy.array_equal(contiguous, matrix) else "other")
assert loaded.shape == matrix.shape
assert loaded.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], "behaves otherwise now"
assert numpy.array_equal(contiguous, matrix), "behaves otherwise now"
PYTHON

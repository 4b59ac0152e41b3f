#!/bin/sh
# gguf 0.19.0 (llama.cpp's Python package), numpy 2.4.6, CPython 3.
#
# gguf.quants.quantize to MXFP4 makes a block of 32 numbers all zero if one of them is not a number, without a warning. In
# Q8_0, Q4_0, Q4_1 and Q5_0 (the first is run here) all 32 are no numbers afterwards. So a damaged
# model passes a search for NaN after this conversion, and 32 weights are lost for each.
#
# Output seen:
#   Q8_0: 32 of 32 not a number
#   MXFP4: 0 of 32 not a number, 32 zero, warned: False
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gguf==0.19.0
"$folder/venv/bin/python" - <<'PYTHON'
import warnings

import numpy
from gguf import GGMLQuantizationType as Type
from gguf.quants import dequantize, quantize

block = numpy.linspace(1, 2, 32, dtype=numpy.float32)[None]
block[0, 3] = numpy.nan
seen = {}
for kind in (Type.Q8_0, Type.MXFP4):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        back = dequantize(quantize(block, kind), kind)
    seen[kind.name] = (int(numpy.isnan(back).sum()), int((back == 0).sum()), len(said) > 0)
print("Q8_0: %d of 32 not a number" % seen["Q8_0"][0])
print("MXFP4: %d of 32 not a number, %d zero, warned: %s" % seen["MXFP4"])
assert seen["Q8_0"][0] == 32, "behaves otherwise now"
assert seen["MXFP4"] == (0, 32, False), "behaves otherwise now"
PYTHON

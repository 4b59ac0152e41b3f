#!/bin/sh
# torch 2.13.0 on a CPU, numpy 2.4.6, ml_dtypes 0.6.0 (the float8 types of JAX), CPython 3.
#
# float8_e4m3fn has no infinity. torch turns an infinite number, and all that are too large, into the largest finite one,
# 448; ml_dtypes, and so JAX, into NaN. float8_e5m2 has an infinity, and both give it. So a tensor that has overflowed looks
# sound after torch's conversion to the one type, and nothing that looks for infinities or NaN finds it.
#
# Whoever compares float8 weights of the two, or relies on a check of finite numbers after the conversion, must look before.
#
# Output seen:
#   torch     e4m3fn [448.0, 448.0, 448.0]  e5m2 [512.0, inf, inf]
#   ml_dtypes e4m3fn [nan, nan, nan]  e5m2 [512.0, inf, inf]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6 ml_dtypes==0.6.0
"$folder/venv/bin/python" - <<'PYTHON'
import ml_dtypes
import numpy
import torch

numbers = [500.0, 1e5, float("inf")]
ours = torch.tensor(numbers)
theirs = numpy.array(numbers, numpy.float32)
seen = {
    "torch    ": [ours.to(kind).float().tolist() for kind in (torch.float8_e4m3fn, torch.float8_e5m2)],
    "ml_dtypes": [
        theirs.astype(kind).astype(float).tolist() for kind in (ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2)
    ],
}
for name, (e4m3fn, e5m2) in seen.items():
    print(name, "e4m3fn", e4m3fn, " e5m2", e5m2)
large = [512.0, float("inf"), float("inf")]
assert seen["torch    "] == [[448.0] * 3, large], "behaves otherwise now"
assert str(seen["ml_dtypes"]) == str([[float("nan")] * 3, large]), "behaves otherwise now"
PYTHON

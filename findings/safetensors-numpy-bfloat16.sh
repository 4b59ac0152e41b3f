#!/bin/sh
# safetensors 0.8.0, numpy 2.4.6, ml_dtypes 0.6.0 (the bfloat16 of JAX), CPython 3.
#
# safetensors.numpy saves an array of ml_dtypes.bfloat16 as a BF16 tensor, rightly, and cannot load the file that it has
# written: KeyError 'BF16'. safe_open(..., "numpy") of the same package reads it. A fixture or checkpoint in bf16 that is
# written with the one pair of functions has to be read with another. safetensors.flax, which stands on them, fails likewise
# (jax 0.10.2; not run here).
#
# Output seen:
#   header {"a":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}}
#   load: KeyError 'BF16'
#   safe_open: [1.0, 2.5, -3.0]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 safetensors==0.8.0 ml_dtypes==0.6.0
"$folder/venv/bin/python" - "$folder/a.safetensors" <<'PYTHON'
import sys

import ml_dtypes
import numpy
from safetensors import safe_open
from safetensors.numpy import load, save

written = save({"a": numpy.array([1, 2.5, -3], dtype=ml_dtypes.bfloat16)})
header = written[8 : 8 + int.from_bytes(written[:8], "little")].decode().strip()
print("header", header)
try:
    load(written)
    outcome = "loaded"
except KeyError as e:
    outcome = f"KeyError {e}"
print("load:", outcome)
with open(sys.argv[1], "wb") as file:
    file.write(written)
with safe_open(sys.argv[1], "numpy") as file:
    opened = file.get_tensor("a").astype(float).tolist()
print("safe_open:", opened)
assert '"BF16"' in header, "behaves otherwise now"
assert opened == [1.0, 2.5, -3.0], "behaves otherwise now"
assert outcome == "KeyError 'BF16'", "behaves otherwise now"
PYTHON

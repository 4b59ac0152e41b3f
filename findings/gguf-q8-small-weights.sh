#!/bin/sh
# gguf 0.19.0 (llama.cpp's Python package), numpy 2.4.6, CPython 3.
#
# Q8_0 keeps the scale of 32 numbers, their greatest magnitude divided by 127, as a float16, whose least number is 6e-8. So
# for numbers below some 1e-4 the scale itself is coarse, and all 32 err by the same factor: of 1e-5 a fifth is missing, 5e-6
# becomes one and a half times as large, and 3e-6 becomes 0. The types of fewer bits divide by 8 or 16 and are nearer there:
# Q4_0 and Q5_0 err by a few per cent. Nothing warns of it.
#
# Whoever converts a LoRA adapter to Q8_0 should look at the size of B, which begins at 0 and after a short training with a
# low rate is still about as small as steps times rate: 1e-5 after one step. F16 and BF16 keep it.
#
# Output seen, the relative error for uniform numbers of a magnitude up to:
#   1e-02: Q8_0 0.004, Q5_0 0.031, Q4_0 0.066, F16 0.000
#   1e-04: Q8_0 0.017, Q5_0 0.031, Q4_0 0.066, F16 0.000
#   1e-05: Q8_0 0.223, Q5_0 0.045, Q4_0 0.067, F16 0.003
#   5e-06: Q8_0 0.559, Q5_0 0.046, Q4_0 0.074, F16 0.006
#   3e-06: Q8_0 1.000, Q5_0 0.046, Q4_0 0.074, F16 0.010
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

warnings.simplefilter("error")
uniform = numpy.random.default_rng(0).uniform(-1, 1, (64, 256))
seen = {}
for size in (1e-2, 1e-4, 1e-5, 5e-6, 3e-6):
    numbers = (uniform * size).astype(numpy.float32)
    for kind in (Type.Q8_0, Type.Q5_0, Type.Q4_0, Type.F16):
        back = dequantize(quantize(numbers, kind), kind).astype(numpy.float64)
        seen[size, kind.name] = numpy.linalg.norm(back - numbers) / numpy.linalg.norm(numbers)
    print(f"{size:.0e}:", ", ".join("%s %.3f" % (kind, error) for (of, kind), error in seen.items() if of == size))
assert seen[1e-2, "Q8_0"] < 0.005 and seen[1e-5, "F16"] < 0.01
assert seen[1e-5, "Q8_0"] > 3 * seen[1e-5, "Q4_0"], "behaves otherwise now"
assert seen[5e-6, "Q8_0"] > 0.5 and seen[3e-6, "Q8_0"] > 0.99, "behaves otherwise now"
PYTHON

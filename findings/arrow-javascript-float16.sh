#!/bin/sh
# apache-arrow 21.2.0 (npm), pyarrow 25.0.1, numpy 2.4.6, CPython 3, Node from 20 on with npm.
#
# Arrow for JavaScript makes a Float16 of a number by arithmetic of its own (float64ToUint16 in util/math.mjs), which goes
# wrong in three places. Where rounding carries into an exponent that is odd, as just below 0.125, 0.5, 2, 8 and so on, the
# carry is lost: 0.4999 becomes 0.25, and 1.9999 becomes 1. Numbers below 3e-8 become infinite, NaN or anything between,
# instead of 0. Numbers from 65536 on can become small ones: 70000 is 2.13. There is no message, and the wrong numbers are in
# the file, for all who read it.
#
# Whoever writes embeddings, probabilities or weights as half floats in JavaScript should convert them with another library
# and give Arrow the bits (makeData with a Uint16Array), or write Float32.
#
# Output seen, what numpy makes of numbers, and what is in a file of Arrow for JavaScript; the probabilities are those of
# 32,000 tokens whose logits lie evenly between 0 and 20:
#   0.1: numpy 0.09998, JavaScript 0.09998
#   0.4999: numpy 0.5, JavaScript 0.25
#   0.9999: numpy 1, JavaScript 1
#   1.9999: numpy 2, JavaScript 1
#   3.9999: numpy 4, JavaScript 4
#   -7.999: numpy -8, JavaScript -4
#   2047.5: numpy 2048, JavaScript 1024
#   1e-06: numpy 1.013e-06, JavaScript 1.013e-06
#   1e-08: numpy 0, JavaScript -inf
#   -2e-09: numpy -0, JavaScript nan
#   7e-09: numpy 0, JavaScript -inf
#   65504: numpy 6.55e+04, JavaScript 6.55e+04
#   65600: numpy inf, JavaScript 2.002
#   70000: numpy inf, JavaScript 2.135
#   1.3107e+05: numpy inf, JavaScript 2
#   32000 probabilities: numpy 32000 finite, sum 1.00, JavaScript 23947 finite
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyarrow==25.0.1 numpy==2.4.6
echo '{"name": "none", "private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts apache-arrow@21.2.0 >&2
cat >write.mjs <<'JAVASCRIPT'
import { writeFileSync } from "node:fs";
import { Float16, Float64, Table, tableToIPC, vectorFromArray } from "apache-arrow";

const numbers = [0.1, 0.4999, 0.9999, 1.9999, 3.9999, -7.999, 2047.5, 1e-6, 1e-8, -2e-9, 7e-9, 65504, 65600, 70000, 131072];
const logits = Array.from({ length: 32000 }, (_, token) => (token * 20) / 32000);
const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
numbers.push(...logits.map((logit) => Math.exp(logit) / sum));
const table = new Table({ half: vectorFromArray(numbers, new Float16()), double: vectorFromArray(numbers, new Float64()) });
writeFileSync("numbers.arrow", tableToIPC(table, "file"));
JAVASCRIPT
cat >read.py <<'PYTHON'
import warnings

import numpy
import pyarrow

warnings.simplefilter("ignore")
table = pyarrow.ipc.open_file("numbers.arrow").read_all()
numbers, halves = table["double"].to_numpy(), table["half"].to_numpy()
right = pyarrow.array(numbers.astype("float16")).to_numpy()
for number, one, other in zip(numbers[:15], right, halves):
    print(f"{number:.5g}: numpy {one:.4g}, JavaScript {other:.4g}")
print(f"32000 probabilities: numpy {numpy.isfinite(right[15:]).sum()} finite, sum {right[15:].sum(dtype='float64'):.2f}, "
      f"JavaScript {numpy.isfinite(halves[15:]).sum()} finite")
PYTHON
node write.mjs
venv/bin/python read.py >out
cat out
expect() {
  grep -qxF -e "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect '0.1: numpy 0.09998, JavaScript 0.09998'
expect '0.4999: numpy 0.5, JavaScript 0.25'
expect '0.9999: numpy 1, JavaScript 1'
expect '1.9999: numpy 2, JavaScript 1'
expect '3.9999: numpy 4, JavaScript 4'
expect '-7.999: numpy -8, JavaScript -4'
expect '2047.5: numpy 2048, JavaScript 1024'
expect '1e-06: numpy 1.013e-06, JavaScript 1.013e-06'
expect '1e-08: numpy 0, JavaScript -inf'
expect '-2e-09: numpy -0, JavaScript nan'
expect '7e-09: numpy 0, JavaScript -inf'
expect '65504: numpy 6.55e+04, JavaScript 6.55e+04'
expect '65600: numpy inf, JavaScript 2.002'
expect '70000: numpy inf, JavaScript 2.135'
expect '1.3107e+05: numpy inf, JavaScript 2'
expect '32000 probabilities: numpy 32000 finite, sum 1.00, JavaScript 23947 finite'

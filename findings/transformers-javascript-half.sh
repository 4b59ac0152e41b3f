#!/bin/sh
# @huggingface/transformers 4.3.2 (npm; Transformers.js), torch 2.13.0, numpy 2.4.6, CPython 3, Node from 20 on with npm.
#
# Where JavaScript has no Float16Array, as in Node 20 and 22 and in older browsers, a float16 tensor of Transformers.js keeps
# its bits in a Uint16Array. to("float16") fills it with Uint16Array.from (to in utils/tensor.js), which takes the whole part of
# each number for the bits: 0.5 becomes 0, 1 becomes 6e-8, 300.7 becomes 1.8e-5 and -1 becomes NaN. to("float32") reads the
# bits rightly. There is no message, and a model with half-precision inputs gets these numbers. Where there is a Float16Array the
# same program is right. Besides, to("int64") rounds down and to("int32") toward zero, which is what torch does for both.
#
# Whoever prepares inputs for such a model converts them with another library and makes the tensor of the bits.
#
# Output seen:
#   torch, float16 and back: 0.5 1 2.75 300.8 -1 -2.5
#   torch, int32: 0 1 2 300 -1 -2
#   torch, int64: 0 1 2 300 -1 -2
#   float16 and back: 0 5.96e-8 1.192e-7 0.00001788 NaN NaN
#   int32: 0 1 2 300 -1 -2
#   int64: 0 1 2 300 -1 -3
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
echo '{"name": "none", "private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @huggingface/transformers@4.3.2 >&2
cat >convert.mjs <<'JAVASCRIPT'
delete globalThis.Float16Array; // as in Node 20 and 22, which have none
const { Tensor } = await import("@huggingface/transformers");
const numbers = [0.5, 1, 2.75, 300.7, -1, -2.5];
const list = (tensor) => Array.from(tensor.data, (number) => `${Number(Number(number).toPrecision(4))}`).join(" ");
const tensor = new Tensor("float32", numbers, [numbers.length]);
console.log(`float16 and back: ${list(tensor.to("float16").to("float32"))}`);
console.log(`int32: ${list(tensor.to("int32"))}`);
console.log(`int64: ${list(tensor.to("int64"))}`);
JAVASCRIPT
cat >convert.py <<'PYTHON'
import torch

tensor = torch.tensor([0.5, 1, 2.75, 300.7, -1, -2.5])
print("torch, float16 and back:", " ".join(f"{number:.4g}" for number in tensor.half().float().tolist()))
for name, dtype in [("int32", torch.int32), ("int64", torch.int64)]:
    print(f"torch, {name}:", *tensor.to(dtype).tolist())
PYTHON
venv/bin/python convert.py >out
node convert.mjs >>out
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'torch, float16 and back: 0.5 1 2.75 300.8 -1 -2.5'
expect 'torch, int32: 0 1 2 300 -1 -2'
expect 'torch, int64: 0 1 2 300 -1 -2'
expect 'float16 and back: 0 5.96e-8 1.192e-7 0.00001788 NaN NaN'
expect 'int32: 0 1 2 300 -1 -2'
expect 'int64: 0 1 2 300 -1 -3'

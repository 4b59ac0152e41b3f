#!/bin/sh
# rotary-embedding-torch 0.9.1, torch 2.13.0, CPython 3.
#
# rotate_queries_or_keys makes the positions 0, 1, 2, ... in the type of the queries. In bfloat16 whole numbers above 256 are
# rounded to even ones, above 512 to multiples of four, and so on: position 257 is turned like 256, and 2047 like 2048. The
# angles themselves are then computed in F32, which hides it. They are also kept for the next call whatever its type: after
# a call in bfloat16 the same module turns F32 queries by the wrong angles too.
#
# Whoever trains in bfloat16 with it passes F32 queries and keys and casts afterwards. A model that was trained with these
# positions needs them again when its weights are loaded elsewhere.
#
# Output seen, equal queries at all positions, greatest difference to the F32 result:
#   position  255: 0.01, as the position before: False
#   position  257: 1.47, as the position before: True
#   position 1001: 1.18, as the position before: True
#   position 2047: 1.55, as the position before: True
#   F32 queries after that call: 3.21
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 torch==2.13.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check rotary-embedding-torch==0.9.1
"$folder/venv/bin/python" - <<'PYTHON'
import torch
from rotary_embedding_torch import RotaryEmbedding

torch.manual_seed(0)
queries = torch.randn(1, 1, 1, 64).expand(1, 1, 2048, 64).contiguous()
right = RotaryEmbedding(dim=64).rotate_queries_or_keys(queries)[0, 0]
module = RotaryEmbedding(dim=64)
low = module.rotate_queries_or_keys(queries.bfloat16())[0, 0].float()
seen = {}
for position in (255, 257, 1001, 2047):
    error = (low[position] - right[position]).abs().max().item()
    same = torch.equal(low[position], low[position - 1])
    seen[position] = error, same
    print(f"position {position:4d}: {error:.2f}, as the position before: {same}")
after = (module.rotate_queries_or_keys(queries)[0, 0] - right).abs().max().item()
print(f"F32 queries after that call: {after:.2f}")
assert seen[255][0] < 0.05 and not seen[255][1]
assert all(error > 1 and same for position, (error, same) in seen.items() if position > 256), "behaves otherwise now"
assert after > 1, "behaves otherwise now"
PYTHON

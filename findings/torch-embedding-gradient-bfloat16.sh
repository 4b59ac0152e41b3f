#!/bin/sh
# torch 2.13.0 on a CPU, jax 0.10.2 on a CPU, numpy 2.4.6, CPython 3.
#
# The gradient of an embedding in bfloat16 is added up in bfloat16, one occurrence of a token after the other. It stands
# still once it is 256 times as large as what is added: a token that stands 1000 times in the batch with the gradient 1 gets
# 256. torch's index_add_ of the same rows gives 1000, and so do sum, matmul and the gradient of a linear layer, for they
# add in float32. jax's gradient of table[ids] is 256 too.
#
# Whoever trains all weights in bfloat16 with large batches learns too little for frequent tokens, such as the BOS, spaces
# and padding. A table in float32 helps, or smaller batches whose gradients are added in float32.
#
# Output seen:
#   torch: embedding 256.0, table[ids] 256.0, index_add_ 1000.0, one-hot times table 1000.0
#   torch, float32: embedding 1000.0
#   jax: table[ids] 256.0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import jax
import jax.numpy as jnp
import torch

TIMES = 1000
ids = torch.zeros(TIMES, dtype=torch.long)


def gradient(use, dtype=torch.bfloat16):
    table = torch.zeros(4, 8, dtype=dtype, requires_grad=True)
    use(table).sum().backward()
    return table.grad[0, 0].item()


functional = torch.nn.functional
ones = torch.ones(TIMES, 8, dtype=torch.bfloat16)
added = torch.zeros(4, 8, dtype=torch.bfloat16).index_add_(0, ids, ones)[0, 0].item()
hot = gradient(lambda table: functional.one_hot(ids, 4).bfloat16() @ table)
embedding = gradient(lambda table: functional.embedding(ids, table))
indexed = gradient(lambda table: table[ids])
wide = gradient(lambda table: functional.embedding(ids, table), torch.float32)
theirs = jax.grad(lambda table: table[jnp.zeros(TIMES, int)].sum().astype(jnp.float32))(jnp.zeros((4, 8), jnp.bfloat16))
theirs = float(theirs[0, 0])
print(f"torch: embedding {embedding}, table[ids] {indexed}, index_add_ {added}, one-hot times table {hot}")
print(f"torch, float32: embedding {wide}")
print(f"jax: table[ids] {theirs}")
assert added == hot == wide == TIMES
assert embedding == indexed == 256, "behaves otherwise now"
assert theirs == 256, "behaves otherwise now"
PYTHON

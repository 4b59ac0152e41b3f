#!/bin/sh
# torch 2.13.0, jax 0.10.2, numpy 2.4.6, CPython 3.
#
# What attention gives for a query that may see nothing, as those of padding on the left do. With a mask of truth values
# PyTorch's scaled_dot_product_attention gives 0 and no gradient, JAX's dot_product_attention the mean of all values, also of
# those that the mask hides from everyone. In PyTorch the same mask as numbers gives 0 if they are -inf, and that mean if
# they are the type's least number; nn.MultiheadAttention gives NaN. Nothing warns. Where such rows reach a loss or a
# pooling, models and results are not the same after a port.
#
# Whoever compares implementations, or pools over all positions, leaves these rows out.
#
# Output seen, the values 0, 1, 2 and 3, of which the first query may see none:
#   torch 0.0, torch with -inf 0.0, torch with the least number 1.5, jax 1.5, MultiheadAttention nan
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6 jax==0.10.2
"$folder/venv/bin/python" - <<'PYTHON'
import math

import jax
import jax.numpy as jnp
import torch
from torch.nn.functional import scaled_dot_product_attention

torch.manual_seed(0)
query, key = torch.randn(2, 1, 1, 4, 8)
value = torch.arange(4.0).reshape(1, 1, 4, 1).expand(1, 1, 4, 8).contiguous()
mask = torch.ones(4, 4, dtype=torch.bool).tril()
mask[0] = False


def numbers(hidden):
    return torch.zeros(4, 4).masked_fill(~mask, hidden)


def first(attn_mask):
    return round(scaled_dot_product_attention(query, key, value, attn_mask=attn_mask)[0, 0, 0, 0].item(), 4)


def in_jax(tensor):
    return jnp.asarray(tensor.transpose(1, 2).numpy())


other = jax.nn.dot_product_attention(
    in_jax(query), in_jax(key), in_jax(value), mask=jnp.asarray(mask.numpy())[None, None])[0, 0, 0, 0]
module = torch.nn.MultiheadAttention(8, 1, batch_first=True)
padding = torch.ones(1, 4, dtype=torch.bool)
attended = module(query[0], key[0], value[0], key_padding_mask=padding)[0][0, 0, 0].item()
seen = first(mask), first(numbers(-math.inf)), first(numbers(torch.finfo(torch.float32).min)), round(float(other), 4)
print("torch %s, torch with -inf %s, torch with the least number %s, jax %s, MultiheadAttention %s" % (*seen, attended))
assert seen == (0.0, 0.0, 1.5, 1.5) and math.isnan(attended), "behaves otherwise now"
PYTHON

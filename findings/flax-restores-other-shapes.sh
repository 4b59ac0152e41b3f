#!/bin/sh
# flax 0.12.8, jax 0.10.2, numpy 2.4.6, CPython 3.
#
# flax.serialization.from_bytes and from_state_dict take a target for its structure and refuse other names. Shapes and
# types are not compared: the array of the file replaces the one of the target, whatever it is. Weights of a model of another
# width are restored without a word, an embedding of another vocabulary too, and parameters that were made in bfloat16 are
# F32 afterwards. The description of from_state_dict speaks of checks of both; there are none. JAX computes with the arrays
# where their shapes happen to fit or broadcast: a bias of one number is added to all.
#
# Whoever restores with it compares shapes and types of the tree before and after.
#
# Output seen:
#   kernel (4, 4) bfloat16 became (8, 8) float32
#   bias (4,) float32 became (1,) float32, and 1 is added to all of x + bias: True
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 jax==0.10.2 flax==0.12.8
"$folder/venv/bin/python" - <<'PYTHON'
import jax.numpy as jnp
from flax import serialization

saved = serialization.to_bytes({"kernel": jnp.ones((8, 8)), "bias": jnp.ones(1)})
target = {"kernel": jnp.zeros((4, 4), jnp.bfloat16), "bias": jnp.zeros(4)}
restored = serialization.from_bytes(target, saved)
kernel, bias = restored["kernel"], restored["bias"]
print(f"kernel {target['kernel'].shape} {target['kernel'].dtype} became {kernel.shape} {kernel.dtype}")
added = bool((jnp.zeros(4) + bias == 1).all())
print(f"bias {target['bias'].shape} {target['bias'].dtype} became {bias.shape} {bias.dtype}, "
      f"and 1 is added to all of x + bias: {added}")
assert kernel.shape == (8, 8) and kernel.dtype == jnp.float32, "behaves otherwise now"
assert bias.shape == (1,) and added, "behaves otherwise now"
PYTHON

#!/bin/sh
# optax 0.2.8, jax 0.10.2, CPython 3.
#
# optax.global_norm adds the squared norms of the leaves in the leaves' own type. With gradients in bfloat16 the sum stands
# still once it is 256 times as large as what is added: of 1000 leaves whose norm is 1 the global norm is 16 and not 31.6.
# A single leaf of 1000 numbers is summed rightly. optax.clip_by_global_norm(1.0) of these 1000 leaves lets a norm of 1.98
# through. (torch 2.13.0's clip_grad_norm_ of the same says 31.625; not run here.)
#
# Whoever trains a model of many small tensors with gradients in bfloat16 clips less than the setting says.
#
# Output seen:
#   one leaf of 1000 numbers: 31.625
#   1000 leaves of one number: 16.0
#   after clip_by_global_norm(1.0): 1.976
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 optax==0.2.8
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import jax.numpy as jnp
import optax

one = float(optax.global_norm({"a": jnp.ones(1000, jnp.bfloat16)}))
leaves = {str(i): jnp.ones(1, jnp.bfloat16) for i in range(1000)}
many = float(optax.global_norm(leaves))
clip = optax.clip_by_global_norm(1.0)
clipped, _ = clip.update(leaves, clip.init(leaves))
left = sum(float(leaf[0]) ** 2 for leaf in clipped.values()) ** 0.5
print("one leaf of 1000 numbers:", one)
print("1000 leaves of one number:", many)
print(f"after clip_by_global_norm(1.0): {left:.3f}")
assert one == 31.625
assert many == 16.0, "behaves otherwise now"
assert f"{left:.3f}" == "1.976", "behaves otherwise now"
PYTHON

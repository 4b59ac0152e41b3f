#!/bin/sh
# optax 0.2.8, jax 0.10.2, numpy 2.4.6, CPython 3.
#
# optax.inject_hyperparams, which makes the learning rate of an optimizer visible and changeable, turns every number that the
# optimizer is given, its defaults too, into the type of the parameters (_convert_floats in optax/schedules/_inject.py).
# For a model in bfloat16 b2 = 0.999 is 1, and b1 = 0.9 is 0.898. So adamw, which is right without the wrapper, gives NaN in
# the first step, for gradients of 0 too, and rmsprop with decay 0.999 never measures the gradients: of a gradient of 0.1 and
# a rate of 0.001 it makes steps of 1. A momentum of 0.999 never fades. There is no message, and the documentation only says
# that hyperparam_dtype overrides a type.
#
# Whoever trains in bfloat16 must say hyperparam_dtype=jnp.float32, which helps.
#
# Output seen, the first two updates for a gradient of 0.1:
#   adamw, bfloat16: [-0.001, -0.001], injected [nan, nan] (b2 = 1), with float32 [-0.001, -0.001]
#   rmsprop, bfloat16: [-0.03, -0.02], injected [-1.0, -1.0] (decay = 1), with float32 [-0.03, -0.02]
#   adamw, float32: [-0.001, -0.001], injected [-0.001, -0.001] (b2 = 0.999), with float32 [-0.001, -0.001]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check optax==0.2.8 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import jax.numpy as jnp
import optax


def updates(optimizer, kind):
    weights = jnp.ones(2, kind)
    state = optimizer.init(weights)
    found = []
    for _ in range(2):
        update, state = optimizer.update(jnp.array([0.1, 0], kind), state, weights)
        found += [float(f"{float(number):.1g}") for number in update]
    return found, getattr(state, "hyperparams", None)


def show(name, make, kind, setting, **settings):
    plain, _ = updates(make(**settings), kind)
    injected, seen = updates(optax.inject_hyperparams(make)(**settings), kind)
    mended, _ = updates(optax.inject_hyperparams(make, hyperparam_dtype=jnp.float32)(**settings), kind)
    value = float(seen[setting])
    print(f"{name}: {plain[::2]}, injected {injected[::2]} ({setting} = {value:.4g}), with float32 {mended[::2]}")
    assert all(abs(one - other) <= 0.05 * abs(one) for one, other in zip(plain, mended))
    return [str(number) for number in injected]


adam = show("adamw, bfloat16", optax.adamw, jnp.bfloat16, "b2", learning_rate=1e-3, weight_decay=0.0)
root = show("rmsprop, bfloat16", optax.rmsprop, jnp.bfloat16, "decay", learning_rate=1e-3, decay=0.999)
wide = show("adamw, float32", optax.adamw, jnp.float32, "b2", learning_rate=1e-3, weight_decay=0.0)
assert adam == ["nan"] * 4 and float(root[0]) < -0.9, "behaves otherwise now"
assert float(wide[0]) == -0.001
PYTHON

#!/bin/sh
# optax 0.2.8, jax 0.10.2, torch 2.13.0, transformers 5.18.0, numpy 2.4.6, CPython 3.
#
# weight_decay_rate of optax.adafactor is not multiplied by the learning rate, nor by its schedule. 0.01 takes one per cent
# of the weights away in every step, even while the rate is 0 in a warm-up. weight_decay of optax.adamw, lion and others, and
# of Adafactor in PyTorch and in Transformers, is multiplied by it: with a rate of 1e-4 it is a ten-thousandth of that.
#
# Whoever changes from adamw to adafactor, or from PyTorch to optax, must multiply the decay by the learning rate himself.
#
# Output seen, what is left of a weight of 1 after 100 steps without gradient, rate 1e-4, decay 0.01:
#   optax: adamw 0.9999, lion 0.9999, adafactor 0.3660
#   torch Adafactor 0.9999, transformers Adafactor 0.9999
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 optax==0.2.8 torch==2.13.0 \
  transformers==5.18.0 numpy==2.4.6
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import jax.numpy as jnp
import optax
import torch
from transformers.optimization import Adafactor

RATE, DECAY, STEPS = 1e-4, 0.01, 100


def left(optimizer):
    weights = jnp.ones((4, 4))
    state = optimizer.init(weights)
    for _ in range(STEPS):
        updates, state = optimizer.update(jnp.zeros((4, 4)), state, weights)
        weights = optax.apply_updates(weights, updates)
    return float(weights[0, 0])


def left_of(kind, **settings):
    weights = torch.nn.Parameter(torch.ones(4, 4))
    optimizer = kind([weights], lr=RATE, weight_decay=DECAY, **settings)
    for _ in range(STEPS):
        weights.grad = torch.zeros(4, 4)
        optimizer.step()
    return weights[0, 0].item()


adamw = left(optax.adamw(RATE, weight_decay=DECAY))
lion = left(optax.lion(RATE, weight_decay=DECAY))
adafactor = left(optax.adafactor(RATE, weight_decay_rate=DECAY))
print(f"optax: adamw {adamw:.4f}, lion {lion:.4f}, adafactor {adafactor:.4f}")
theirs = left_of(torch.optim.Adafactor)
other = left_of(Adafactor, scale_parameter=False, relative_step=False)
print(f"torch Adafactor {theirs:.4f}, transformers Adafactor {other:.4f}")
assert all(f"{each:.4f}" == "0.9999" for each in (adamw, lion, theirs, other))
assert f"{adafactor:.4f}" == "0.3660", "behaves otherwise now"
PYTHON

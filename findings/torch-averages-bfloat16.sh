#!/bin/sh
# torch 2.13.0, optax 0.2.8, jax 0.10.2, numpy 2.4.6, CPython 3.
#
# Averages over steps stand still in bfloat16. AveragedModel of torch.optim.swa_utils keeps the average in the parameters'
# type: with a decay of 0.999 it stays what the first step was, and without a decay, as the mean of all steps, it is the mean
# of the first few hundred. AdamW's second moment is an average too, in torch and in optax: 0.999 of it is rounded back to
# itself, so it never falls. Once the gradients have been 1 it stays at 0.25 to 0.5, and when they are a hundredth of that, the
# steps are 2 % of the rate or less, which Adam is there to prevent. There is no message.
#
# Whoever trains all weights in bfloat16 needs the averages in float32, or stochastic rounding.
#
# Output seen:
#   weights 1 in the first step, 2 in 5000 more: average of decay 0.999 1.0; float32 1.99
#   weights 1 in 500 steps, 2 in 500 more: mean 1.0; float32 1.5
#   AdamW, gradients 1 in 1000 steps, 0.01 in 8000 more: second moment torch 0.5, fused 0.25, optax 0.5; float32 0.000311
#   step divided by rate: torch 0.0145, fused 0.0205, optax 0.014; float32 0.567
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 jax==0.10.2 jaxlib==0.10.2 optax==0.2.8 \
  numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import jax
import jax.numpy as jnp
import optax
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.set_num_threads(1)


def average(dtype, first, later, decay=None):
    model = torch.nn.Linear(1, 1, bias=False, dtype=dtype)
    averaged = AveragedModel(model, multi_avg_fn=decay and get_ema_multi_avg_fn(decay))
    with torch.no_grad():
        for step in range(first + later):
            model.weight.fill_(1 if step < first else 2)
            averaged.update_parameters(model)
    return averaged.module.weight.item()


moving = average(torch.bfloat16, 1, 5000, 0.999), average(torch.float32, 1, 5000, 0.999)
print("weights 1 in the first step, 2 in 5000 more: average of decay 0.999 %.1f; float32 %.2f" % moving)
mean = average(torch.bfloat16, 500, 500), average(torch.float32, 500, 500)
print("weights 1 in 500 steps, 2 in 500 more: mean %.1f; float32 %.1f" % mean)


def size(step):
    return 1.0 if step < 1000 else 0.01


def with_torch(dtype, fused=False):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=dtype))
    optimizer = torch.optim.AdamW([weight], lr=1e-4, weight_decay=0, fused=fused)
    for step in range(9000):
        weight.grad = torch.full_like(weight, size(step))
        optimizer.step()
    state = optimizer.state[weight]
    return state["exp_avg"].item(), state["exp_avg_sq"].item()


def with_optax():
    optimizer = optax.adamw(1e-4, weight_decay=0.0)

    @jax.jit
    def update(weight, state, gradient):
        updates, state = optimizer.update(jnp.full_like(weight, gradient), state, weight)
        return optax.apply_updates(weight, updates), state

    weight = jnp.zeros(1, jnp.bfloat16)
    state = optimizer.init(weight)
    for step in range(9000):
        weight, state = update(weight, state, size(step))
    return float(state[0].mu[0]), float(state[0].nu[0])


seen = with_torch(torch.bfloat16), with_torch(torch.bfloat16, True), with_optax(), with_torch(torch.float32)
moments = tuple(second for _, second in seen)
steps = tuple(first / second**0.5 for first, second in seen)
said = "torch %.3g, fused %.3g, optax %.3g; float32 %.3g"
print("AdamW, gradients 1 in 1000 steps, 0.01 in 8000 more: second moment", said % moments)
print("step divided by rate:", said % steps)
assert moving[0] == 1 and moving[1] > 1.98, "behaves otherwise now"
assert mean[0] == 1 and abs(mean[1] - 1.5) < 0.01, "behaves otherwise now"
assert all(moment >= 0.25 for moment in moments[:3]) and steps[3] > 0.5, "behaves otherwise now"
PYTHON

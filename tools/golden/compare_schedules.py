"""The learning rates of schedule.json beside optax's own schedules (pip install optax), in float64.

optax knows each stretch; this joins them: [warm-up, constant, decay] for each cycle, then the cooldown.
Prints the worst relative difference and fails above 5e-7.
"""

import json
import math

import jax

jax.config.update("jax_enable_x64", True)

import optax  # noqa: E402
from golden import TENSORS  # noqa: E402
from jax import numpy as jnp  # noqa: E402
from schedules import cycle_ends, fraction_or_steps  # noqa: E402


def optax_decay(form, lr, ratio, warmup_steps, decay_steps):
    least = lr * ratio
    match form["type"]:
        case "constant":
            return optax.constant_schedule(lr)
        case "cosine":
            return optax.cosine_decay_schedule(lr, decay_steps, ratio, form.get("exponent", 1.0))
        case "linear":
            return optax.linear_schedule(lr, least, decay_steps)
        case "inv_sqrt":
            scale = form.get("timescale", 10000)
            return lambda n: jnp.clip(lr * jnp.sqrt(scale / jnp.maximum(n + warmup_steps, 1)), least, lr)
        case "inv":
            return lambda n: jnp.clip(lr / (1 + (1 / ratio - 1) * jnp.maximum(n, 1) / decay_steps), least, lr)
        case "power":
            size, tokens = form["batch_size"], form["batch_size"] * form["seq_length"]
            return lambda n: jnp.minimum(lr, size * form.get("a", 4.6) * jnp.exp(form.get("b", -0.51) * jnp.log(n * tokens)))


def optax_rates(case):
    steps, lr, ratio = case["steps"], case["learning_rate"], case.get("min_lr_ratio", 0.1)
    form = case.get("lr_schedule", "cosine")
    form = {"type": form} if isinstance(form, str) else form
    cooldown = fraction_or_steps(case.get("cooldown", 0), steps)
    parts, starts, last = [], [], 0.0
    points = cycle_ends(steps - cooldown, case.get("cycles"), case.get("cycle_length"))
    for start, end in zip(points, points[1:]):
        up = fraction_or_steps(case.get("warmup", 0.01) if start == 0 else case.get("rewarmup", 0), end - start)
        decay = case.get("decay")
        down = end - start - up if decay is None else fraction_or_steps(decay, end - start)
        falling = optax_decay(form, lr, ratio, up, down)
        parts += [optax.linear_schedule(last, lr, up), optax.constant_schedule(lr), falling]
        starts += [start, start + up, end - down]
        last = float(falling(down))
    parts.append(optax.linear_schedule(last, lr * ratio, cooldown))
    starts.append(steps - cooldown)
    joined = optax.join_schedules(parts, starts[1:])
    return {step: float(joined(int(step))) for step in case["rates"]}


worst = 0.0
for case in json.loads((TENSORS / "schedule.json").read_text(encoding="utf-8")):
    for step, rate in optax_rates(case).items():
        difference = math.inf if math.isnan(rate) else abs(rate - case["rates"][step])
        worst = max(worst, difference / max(case["rates"][step], 1e-30) if difference else 0.0)
print(f"optax {optax.__version__}: worst relative difference {worst:.1e}")
assert worst < 5e-7

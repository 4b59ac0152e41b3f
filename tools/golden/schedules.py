"""Levanter's learning-rate schedules (2025-09-26), step by step, in float64.

A run of `steps` steps is cut into cycles. A cycle is a linear warm-up to the learning rate, a constant stretch, and a
decay; the warm-up of a later cycle starts where the decay before it ended. With `decay` unset, the decay fills what the
warm-up leaves. A cooldown takes the run's last steps from the cycles and falls along a line from where the last decay
ends to the least rate. `lr_schedule` is a name, or a mapping of `type` and the form's constants. Step n of the run uses the value at n, so a run with warm-up begins with a step of learning rate zero.
"""

import math


def fraction_or_steps(value, total):
    """A number up to 1 is a fraction of the total, truncated; a larger one is a number of steps and must be whole."""
    if value < 0 or (value > 1 and value % 1 != 0):
        raise ValueError(f"{value} is neither a fraction nor a whole number of steps")
    return int(value * total) if value <= 1 else int(value)


def cycle_ends(steps, cycles=None, cycle_length=None):
    if cycle_length is not None:
        if isinstance(cycle_length, list):
            inner = [sum(cycle_length[: i + 1]) for i in range(len(cycle_length))]
        else:
            length = fraction_or_steps(cycle_length, steps)
            inner = [i * length for i in range(1, steps // length)]
    elif isinstance(cycles, int):
        inner = [int(steps / cycles * (i + 1)) for i in range(cycles - 1)]
    else:
        inner = list(cycles or [])
    # A length that does not divide the steps makes the last cycle longer, for it takes the rest.
    points = [0, *inner]
    return points if points[-1] == steps else [*points, steps]


def decayed(form, lr, min_lr_ratio, warmup_steps, decay_steps, count):
    """The learning rate `count` steps into a decay of `decay_steps` steps."""
    min_lr = lr * min_lr_ratio
    form = {"type": form} if isinstance(form, str) else form
    match form["type"]:
        case "constant":
            return lr
        case "cosine":
            if decay_steps <= 0:
                raise ValueError("warm-up and constant stretch leave no steps for the cosine decay")
            cosine = 0.5 * (1 + math.cos(math.pi * min(count, decay_steps) / decay_steps))
            return lr * ((1 - min_lr_ratio) * cosine ** form.get("exponent", 1.0) + min_lr_ratio)
        case "linear":
            return linear(lr, min_lr, decay_steps, count)
        case "inv_sqrt":
            root = math.sqrt(max(count + warmup_steps, 1) / form.get("timescale", 10000))
            return max(lr * min(1.0, 1 / root), min_lr)
        case "inv":
            return max(lr * min(1.0, 1 / ((lr / min_lr - 1) * max(count, 1) / decay_steps + 1)), min_lr)
        case "power":  # Shen et al. 2024; knows no least rate
            tokens = count * form["batch_size"] * form["seq_length"]
            power = tokens ** form.get("b", -0.51) if tokens else math.inf
            return min(lr, form["batch_size"] * form.get("a", 4.6) * power)
        case _:
            raise ValueError(f"lr_schedule {form}")


def linear(start, end, steps, count):
    if steps <= 0:
        return start
    return (start - end) * (1 - min(count, steps) / steps) + end


def learning_rates(
    steps,
    learning_rate,
    lr_schedule="cosine",
    min_lr_ratio=0.1,
    warmup=0.01,
    decay=None,
    rewarmup=0.0,
    cycles=None,
    cycle_length=None,
    cooldown=0.0,
):
    """The learning rate of each of the run's steps."""
    rates, previous_end = [], 0.0
    cooldown_steps = fraction_or_steps(cooldown, steps)
    points = cycle_ends(steps - cooldown_steps, cycles, cycle_length)
    for cycle, (start, end) in enumerate(zip(points, points[1:])):
        length = end - start
        warmup_steps = fraction_or_steps(rewarmup if cycle else warmup, length)
        decay_steps = length - warmup_steps if decay is None else fraction_or_steps(decay, length)
        stable_steps = length - warmup_steps - decay_steps
        for n in range(length):
            if n < warmup_steps:
                rates.append(linear(previous_end, learning_rate, warmup_steps, n))
            elif n < warmup_steps + stable_steps:
                rates.append(learning_rate)
            else:
                count = n - warmup_steps - stable_steps
                rates.append(decayed(lr_schedule, learning_rate, min_lr_ratio, warmup_steps, decay_steps, count))
        previous_end = decayed(lr_schedule, learning_rate, min_lr_ratio, warmup_steps, decay_steps, decay_steps)
    rates += [linear(previous_end, learning_rate * min_lr_ratio, cooldown_steps, n) for n in range(cooldown_steps)]
    return rates

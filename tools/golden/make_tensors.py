"""Fixtures of the tensor core: a file of every dtype, roundings to half precision, AdamW, clipping, schedules."""

import json
import math

import torch
from finetuning import AdamW, clip
from golden import TENSORS, fresh, write_tensors
from safetensors import safe_open
from safetensors.torch import save_file
from schedules import learning_rates

INF, NAN = math.inf, math.nan
TENSORS_BY_NAME = {
    "f32": torch.tensor([[1.5, -2.25, 0.0], [-0.0, 3.4028234663852886e38, 1.401298464324817e-45]]),
    "f32.special": torch.tensor([INF, -INF, NAN]),
    "f32.scalar": torch.tensor(3.14159274),
    "f32.empty": torch.empty(0, 5),
    "f32.unusual shape": torch.arange(6.0).reshape(1, 2, 1, 3, 1),
    "bf16": torch.tensor([1.0, -0.00390625, 3.3895313892515355e38, 9.183549615799121e-41, -0.0], dtype=torch.bfloat16),
    "bf16.special": torch.tensor([INF, -INF, NAN], dtype=torch.bfloat16),
    "f16": torch.tensor([1.0, -0.333251953125, 65504.0, 5.960464477539063e-08, -0.0], dtype=torch.float16),
    "f16.special": torch.tensor([INF, -INF, NAN], dtype=torch.float16),
    "f64": torch.tensor([math.pi, -1e300, 5e-324], dtype=torch.float64),
    "i8": torch.tensor([-128, 0, 127], dtype=torch.int8),
    "i16": torch.tensor([-32768, 32767], dtype=torch.int16),
    "i32": torch.tensor([[-(2**31)], [2**31 - 1]], dtype=torch.int32),
    "i64": torch.tensor([-(2**63), 2**63 - 1], dtype=torch.int64),
    "i64.scalar": torch.tensor(-7, dtype=torch.int64),
    "u8": torch.tensor([0, 128, 255], dtype=torch.uint8),
    "u16": torch.tensor([0, 65535], dtype=torch.uint16),
    "u32": torch.tensor([0, 2**32 - 1], dtype=torch.uint32),
    "u64": torch.tensor([0, 2**64 - 1], dtype=torch.uint64),
    "bool": torch.tensor([True, False, True]),
    "f8_e4m3": torch.tensor([1.0, -448.0, 0.001953125], dtype=torch.float8_e4m3fn),
    "f8_e5m2": torch.tensor([1.0, -57344.0], dtype=torch.float8_e5m2),
    "c64": torch.tensor([1 + 2j, -3.5j], dtype=torch.complex64),
    "": torch.tensor([42.0]),
    "naïve 名 \"quoted\"\n": torch.tensor([43.0]),
}

ADAMW = [
    dict(parameters=[1.0, 2.0], gradients=[[3.0, 4.0]], learningRates=[2e-5], weightDecay=0.1),
    dict(
        parameters=[0.5, -1.5, 0.0, 3.0],
        gradients=[[0.1, -0.2, 0.0, 1e-9], [0.1, 0.3, 0.0, -1e-9], [-5.0, 0.01, 0.0, 0.0], [0.0, 0.0, 1e-12, 2.0]],
        learningRates=[0.0, 1e-3, 3e-4, 1e-2],
        weightDecay=0.1,
    ),
    dict(parameters=[1.0, -1.0], gradients=[[1.0, 2.0]] * 6, learningRates=[1e-2] * 6, weightDecay=0.0),
    dict(
        parameters=[0.25, 0.75],
        gradients=[[0.5, -0.5], [0.25, 1.0], [4.0, 0.0]],
        learningRates=[1e-3] * 3,
        weightDecay=0.01,
        beta1=0.8,
        beta2=0.999,
        epsilon=1e-3,
    ),
]

CLIPS = [
    ([[3.0, 4.0]], 1.0),
    ([[0.3, 0.4]], 1.0),
    ([[0.6, 0.8]], 1.0),
    ([[1.0, -2.0], [2.0], [4.0, 0.0, 0.0]], 2.5),
    ([[0.0, 0.0]], 1.0),
]

SCHEDULES = [
    dict(steps=120, learning_rate=3e-4),
    dict(steps=80, learning_rate=2e-5),
    dict(steps=20, learning_rate=1e-3, warmup=0.1),
    dict(steps=20, learning_rate=1e-3, warmup=5, min_lr_ratio=0.0),
    dict(steps=20, learning_rate=1e-3, warmup=0.0, min_lr_ratio=1.0),
    dict(steps=29, learning_rate=1e-3, warmup=0.29),
    dict(steps=20, learning_rate=1e-3, lr_schedule="constant", warmup=0.25),
    dict(steps=20, learning_rate=1e-3, lr_schedule="linear", warmup=0.1),
    dict(steps=20, learning_rate=1e-3, lr_schedule="linear", warmup=0.0, decay=0.5),
    dict(steps=20, learning_rate=1e-3, lr_schedule="inv", warmup=0.1),
    dict(steps=20, learning_rate=1e-3, lr_schedule="inv", warmup=0.0, min_lr_ratio=0.5),
    dict(steps=20, learning_rate=1e-3, lr_schedule="inv_sqrt", warmup=0.1),
    dict(steps=40000, learning_rate=1e-3, lr_schedule="inv_sqrt", warmup=100),
    dict(steps=40000, learning_rate=1e-3, lr_schedule="inv_sqrt", warmup=100, min_lr_ratio=0.75),
    dict(steps=20, learning_rate=1e-3, warmup=4, decay=6),
    dict(steps=30, learning_rate=1e-3, warmup=0.2, cycles=3),
    dict(steps=32, learning_rate=1e-3, warmup=0.2, rewarmup=0.3, cycles=3),
    dict(steps=30, learning_rate=1e-3, lr_schedule="linear", warmup=2, rewarmup=3, decay=0.4, cycles=[8, 20]),
    dict(steps=30, learning_rate=1e-3, lr_schedule="inv", warmup=2, rewarmup=2, cycle_length=10),
    dict(steps=32, learning_rate=1e-3, warmup=2, cycle_length=0.3),
    dict(steps=30, learning_rate=1e-3, warmup=2, rewarmup=2, cycle_length=[5, 10]),
    dict(steps=30, learning_rate=1e-3, warmup=2, rewarmup=2, cycle_length=[5, 10, 15]),
    dict(steps=20, learning_rate=1e-3, warmup=2, cycle_length=1),
    dict(steps=20, learning_rate=1e-3, warmup=2, cycle_length=50),
    dict(steps=20, learning_rate=1e-3, warmup=2, rewarmup=3, cycles=[6, 20]),
    dict(steps=20, learning_rate=1e-3, warmup=0.1, lr_schedule={"type": "cosine", "exponent": 2.5}),
    dict(steps=20, learning_rate=1e-3, warmup=3, lr_schedule={"type": "inv_sqrt", "timescale": 4}, min_lr_ratio=0.2),
    dict(steps=20, learning_rate=1e-3, warmup=3, decay=0.5, lr_schedule={"type": "linear"}, cooldown=0.2),
    dict(steps=21, learning_rate=1e-3, warmup=2, rewarmup=1, cycles=2, lr_schedule="inv_sqrt", cooldown=5),
    dict(steps=20, learning_rate=1e-3, warmup=0.2, lr_schedule="constant", cooldown=10, min_lr_ratio=0.0),
    dict(steps=30, learning_rate=1e-3, warmup=2, rewarmup=3, cycle_length=0.4, cooldown=0.1),
    dict(steps=20, learning_rate=0.02, warmup=4, lr_schedule={"type": "power", "batch_size": 4, "seq_length": 512}),
    dict(
        steps=30,
        learning_rate=0.02,
        warmup=2,
        rewarmup=3,
        cycles=2,
        decay=0.75,
        cooldown=4,
        lr_schedule={"type": "power", "batch_size": 8, "seq_length": 64, "a": 1.5, "b": -0.7},
    ),
]


def write_lines(name, values):
    """A JSON array with an entry a line."""
    text = "[\n" + ",\n".join("  " + json.dumps(value) for value in values) + "\n]\n"
    (TENSORS / name).write_text(text, encoding="utf-8", newline="\n")


def readable(value):
    """JSON has no infinities and no NaN: their names as Java spells them."""
    return value if math.isfinite(value) else {INF: "Infinity", -INF: "-Infinity"}.get(value, "NaN")


def make_dtypes():
    path = TENSORS / "dtypes.safetensors"
    save_file(TENSORS_BY_NAME, path, metadata={"format": "pt", "made by": "Bayu's tests", "empty": ""})
    entries = []
    with safe_open(path, "pt") as file:
        for name, tensor in TENSORS_BY_NAME.items():
            dtype, shape = file.get_slice(name).get_dtype(), file.get_slice(name).get_shape()
            entry = {"name": name, "dtype": dtype, "shape": shape}
            entry["hex"] = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes().hex()
            if tensor.dtype in (torch.float32, torch.bfloat16, torch.float16, torch.float64, torch.int32):
                entry["values"] = [readable(v) for v in tensor.double().reshape(-1).tolist()]
            entries.append(entry)
    write_lines("dtypes.json", entries)


def make_roundings():
    """F32 values around every kind of tie of BF16 and F16, and PyTorch's roundings of them (to nearest even)."""
    halves = torch.tensor([1.0, 1.0078125, 65504.0, 65472.0, 6.1035e-05, 5.9604645e-08, 1.1754944e-38, 9.18355e-41])
    ulps = torch.cat((2.0 ** torch.tensor([-26.0, -25, -24, -11, -10, -9, -8, -7]), torch.tensor([0.0])))
    values = torch.cat([(halves[:, None] * (1 + s * ulps)).reshape(-1) for s in (1, -1)] + [halves * 0.5, halves * 1.5])
    odd = torch.tensor([65519.996, 65520.0, 65536.0, 3.3961775e38, 3.4028235e38, 1e-45, 2.98e-08, 2.9802322e-08, 0.0])
    random = torch.randn(64, generator=torch.Generator().manual_seed(3)) * 10
    values = torch.cat((values, odd, random))
    values = torch.cat((values, -values, torch.tensor([INF, -INF, NAN])))
    halved = {"bf16": values.bfloat16(), "f16": values.half()}
    write_tensors(TENSORS / "roundings.safetensors", {"f32": values} | halved)


def make_adamw():
    cases = []
    for case in ADAMW:
        case = dict(beta1=0.9, beta2=0.95, epsilon=1e-8) | case
        p = torch.tensor(case["parameters"], dtype=torch.float64)
        q = torch.nn.Parameter(p.clone())
        hyperparameters = [case[k] for k in ("weightDecay", "beta1", "beta2", "epsilon")]
        optimizer = AdamW({"weight": p}, *hyperparameters)
        decay, beta1, beta2, epsilon = hyperparameters
        other = torch.optim.AdamW([q], betas=(beta1, beta2), eps=epsilon, weight_decay=decay)
        after = []
        for gradient, learning_rate in zip(case["gradients"], case["learningRates"]):
            p.grad = torch.tensor(gradient, dtype=torch.float64)
            q.grad = p.grad.clone()
            optimizer.step(learning_rate)
            other.param_groups[0]["lr"] = learning_rate
            other.step()
            torch.testing.assert_close(p, q.data, rtol=1e-12, atol=1e-15)
            after.append(p.tolist())
        cases.append(case | {"after": after})
    write_lines("adamw.json", cases)


def make_clips():
    cases = []
    for gradients, max_norm in CLIPS:
        parameters = {str(i): torch.zeros(len(g), dtype=torch.float64) for i, g in enumerate(gradients)}
        for p, g in zip(parameters.values(), gradients):
            p.grad = torch.tensor(g, dtype=torch.float64)
        norm = clip(parameters, max_norm)
        clipped = [p.grad.tolist() for p in parameters.values()]
        cases.append({"gradients": gradients, "maxNorm": max_norm, "norm": norm, "clipped": clipped})
    write_lines("clip.json", cases)


def make_schedules():
    """Rates by step: every step of a short run, a few of a long one. compare_schedules.py holds them against optax."""
    cases = []
    for settings in SCHEDULES:
        rates = learning_rates(**settings)
        shown = range(0, len(rates), 1 if len(rates) <= 120 else 1999)
        cases.append(settings | {"rates": {step: rates[step] for step in shown}})
    write_lines("schedule.json", cases)


if __name__ == "__main__":
    fresh(TENSORS)
    make_dtypes()
    make_roundings()
    make_adamw()
    make_clips()
    make_schedules()

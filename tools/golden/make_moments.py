"""Fixture of 8-bit moments: bitsandbytes' code books, and numbers that it quantizes in blocks of 256."""

import math

import torch
from bitsandbytes.functional import create_dynamic_map, dequantize_blockwise, quantize_blockwise
from golden import TENSORS, write_tensors

BLOCK = 256


def numbers(generator, count, signed):
    """Of every magnitude that a block can hold, with zeros, and a block that has one number beside them."""
    x = torch.randn(count, generator=generator) * 10 ** (-6 * torch.rand(count, generator=generator))
    x[::97] = 0
    x[BLOCK : 2 * BLOCK] = 0
    x[BLOCK + 3] = 1e-15
    return x if signed else x * x


generator = torch.Generator().manual_seed(8)
tensors = {}
for name, signed in (("signed", True), ("unsigned", False)):
    code = create_dynamic_map(signed=signed)
    x = numbers(generator, 6 * BLOCK + 77, signed)
    codes, state = quantize_blockwise(x, code=code, blocksize=BLOCK)
    back = dequantize_blockwise(codes, absmax=state.absmax, code=code, blocksize=BLOCK)
    assert math.isfinite(back.abs().max().item())
    tensors |= {name: code, name + ".numbers": x, name + ".codes": codes, name + ".absmax": state.absmax, name + ".back": back}
write_tensors(TENSORS / "moments.safetensors", tensors)

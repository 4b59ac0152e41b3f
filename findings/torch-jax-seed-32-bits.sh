#!/bin/sh
# torch 2.13.0 on a CPU, jax 0.10.2, numpy 2.4.6, CPython 3.
#
# torch.manual_seed takes 64 bits, and initial_seed() shows all of them, but the CPU's generator begins with the lower 32
# alone. jax.random.key takes a Python number of any 64 bits and keeps the lower 32 too, unless 64-bit numbers are enabled.
# So seeds that differ only above, such as rank << 32 | seed or a time in units of 2^-32 seconds, give every process the
# same dropout, the same initial adapter and the same order of the rows, without a message. numpy.random.default_rng and
# Python's random use all bits.
#
# Whoever derives seeds must mix the parts, for instance by a hash, or keep them below 2^32.
#
# Output seen, whether the seeds 1 and 1 + 5 * 2^32 give the same numbers:
#   torch True (initial_seed 1 and 21474836481), jax True, jax with 64 bits False, numpy False, random False
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import random
import warnings

import jax
import numpy
import torch

warnings.simplefilter("error")
SEEDS = 1, 1 + 5 * 2**32


def same(draw):
    one, other = map(draw, SEEDS)
    return one == other


def with_torch(seed):
    torch.manual_seed(seed)
    return torch.rand(8).tolist(), torch.randperm(100).tolist()


def with_jax(seed):
    return jax.random.uniform(jax.random.key(seed), (8,)).tolist()


torchs, jaxs = same(with_torch), same(with_jax)
kept = [torch.Generator().manual_seed(seed).initial_seed() for seed in SEEDS]
with jax.enable_x64(True):
    wide = same(with_jax)
numpys = same(lambda seed: numpy.random.default_rng(seed).random(8).tolist())
pythons = same(lambda seed: random.Random(seed).random())
print(
    f"torch {torchs} (initial_seed {kept[0]} and {kept[1]}), jax {jaxs}, jax with 64 bits {wide}, "
    f"numpy {numpys}, random {pythons}"
)
assert torchs and kept == list(SEEDS), "behaves otherwise now"
assert jaxs, "behaves otherwise now"
assert not (wide or numpys or pythons)
PYTHON

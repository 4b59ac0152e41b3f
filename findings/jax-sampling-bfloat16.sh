#!/bin/sh
# jax 0.10.2, keras 3.15.1, torch 2.13.0 on a CPU, numpy 2.4.6, CPython 3.
#
# jax.random.categorical draws a token by adding noise to the logits, in the logits' own type, and taking the greatest. In
# bfloat16 the noise has only 128 values, of which the greatest is 4.9 (_uniform in jax/_src/random/core.py fills the
# mantissa, 7 bits): the largest one is drawn for hundreds of tokens at once, and the first of them wins. Of 32,000 equally
# likely tokens only some 1000 ever come, those with the lowest ids. A token of probability 0.5 comes always if the other
# half is spread over the rest: what is drawn is nearly greedy. float16 does likewise, keras.random.categorical on JAX too, and
# mode="high" errs to the other side. There is no message; the documentation gives bounds for float32 alone.
#
# Whoever generates text or rollouts from a model in bfloat16 must widen first: categorical(key, logits.astype("float32")).
#
# Output seen, for 4000 draws from 32,000 equally likely tokens, and from one token of 0.5 and 31,999 others:
#   jax float32: greatest token 31996; a token of 0.5 in 0.52 of the draws
#   jax float16: greatest token 7726; a token of 0.5 in 1.00 of the draws
#   jax bfloat16: greatest token 1123; a token of 0.5 in 1.00 of the draws
#   jax bfloat16, mode high: greatest token 31994; a token of 0.5 in 0.13 of the draws
#   keras bfloat16: greatest token 1145; a token of 0.5 in 1.00 of the draws
#   torch bfloat16: greatest token 31991; a token of 0.5 in 0.50 of the draws
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 keras==3.15.1 torch==2.13.0 \
  numpy==2.4.6
KERAS_HOME="$folder" KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import jax
import jax.numpy as jnp
import keras
import numpy
import torch

TOKENS, DRAWS = 32000, 4000
equal = numpy.zeros(TOKENS)
rare = equal.copy()
rare[-1] = numpy.log(TOKENS - 1)  # the last token has one half, all others have the other half


def seen(name, draw):
    first, second = numpy.asarray(draw(equal)), numpy.asarray(draw(rare))
    half = float((second == TOKENS - 1).mean())
    print("%s: greatest token %d; a token of 0.5 in %.2f of the draws" % (name, first.max(), half))
    return int(first.max()), half


def jax_draw(kind, **mode):
    return lambda logits: jax.random.categorical(jax.random.key(1), jnp.asarray(logits, kind), shape=(DRAWS,), **mode)


def keras_draw(logits):
    return keras.random.categorical(jnp.asarray(logits[None], jnp.bfloat16), DRAWS, seed=1)[0]


def torch_draw(logits):
    torch.manual_seed(1)
    return torch.softmax(torch.tensor(logits).to(torch.bfloat16), -1).multinomial(DRAWS, replacement=True)


wide = seen("jax float32", jax_draw(jnp.float32))
half = seen("jax float16", jax_draw(jnp.float16))
narrow = seen("jax bfloat16", jax_draw(jnp.bfloat16))
high = seen("jax bfloat16, mode high", jax_draw(jnp.bfloat16, mode="high"))
kept = seen("keras bfloat16", keras_draw)
other = seen("torch bfloat16", torch_draw)
for token, share in (wide, other):
    assert token > 31000 and abs(share - 0.5) < 0.03
for token, share in (half, narrow, kept):
    assert token < 10000 and share > 0.99, "behaves otherwise now"
assert high[1] < 0.2, "behaves otherwise now"
PYTHON

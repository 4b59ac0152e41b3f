#!/bin/sh
# optax 0.2.8, jax 0.10.2, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# Transformers, PEFT and datasets mark the tokens that are not to be learned by the label -100, and torch's cross_entropy
# leaves them out. optax.softmax_cross_entropy_with_integer_labels counts a negative label from the end of the vocabulary:
# -100 is the token with the number V - 100, of Llama 2's 32,000 tokens 31900. Nothing says so, the loss looks sound and
# falls, and the model learns to write that token in place of every token of the prompt and of the padding. Only a vocabulary
# of fewer than 100 tokens, as tests have it, gives NaN. optax.softmax_cross_entropy of jax.nn.one_hot of the same labels
# has the loss 0 there. (The documentation assumes labels from 0 to V - 1; nothing checks them.)
#
# Whoever takes a collator's batches to JAX must pass where=labels >= 0 or clear such labels himself.
#
# Output seen:
#   torch: loss of the masked label 0, gradient 0
#   optax, 32000 tokens: the loss of token 31900, the gradient raises token 31900
#   optax, 50 tokens: nan
#   optax, one_hot: 0, where: 0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 optax==0.2.8 torch==2.13.0 \
  numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import jax
import jax.numpy as jnp
import numpy
import optax
import torch

masked = numpy.array([-100])
logits = numpy.random.default_rng(0).standard_normal((1, 32000), numpy.float32)

leaf = torch.tensor(logits, requires_grad=True)
theirs = torch.nn.functional.cross_entropy(leaf, torch.tensor(masked), reduction="sum")
theirs.backward()
print(f"torch: loss of the masked label {theirs.item():.0f}, gradient {leaf.grad.abs().max().item():.0f}")
assert theirs.item() == 0 and leaf.grad.abs().max() == 0

loss = optax.softmax_cross_entropy_with_integer_labels
ours, gradient = jax.value_and_grad(lambda x: loss(x, masked).sum())(logits)
tokens = -jax.nn.log_softmax(logits)[0]
same = int(jnp.argmin(jnp.abs(tokens - ours)))
print(f"optax, 32000 tokens: the loss of token {same}, the gradient raises token {int(jnp.argmin(gradient))}")
small = loss(logits[:, :50], masked)[0]
print("optax, 50 tokens:", small)
told = float(loss(logits, masked, where=masked >= 0)[0])
hot = optax.softmax_cross_entropy(logits, jax.nn.one_hot(masked, 32000))[0]
print(f"optax, one_hot: {abs(hot):.0f}, where: {told:.0f}")
assert (same, int(jnp.argmin(gradient))) == (31900, 31900), "behaves otherwise now"
assert jnp.isnan(small), "behaves otherwise now"
assert hot == 0 and told == 0, "behaves otherwise now"
PYTHON

#!/bin/sh
# torch 2.13.0 on a CPU, numpy 2.4.6, CPython 3.
#
# cross_entropy of logits in bfloat16 on a CPU adds the losses in bfloat16. It begins a new partial sum after each 16th place,
# and the mean is nearly right. But if the label of such a place is -100, it goes on with the old sum, which stands still at
# 500 to 1000 times a loss. Texts of 32 tokens of which the last 8 are learned have -100 in all of these places: the mean of
# 2048 such texts is 0.13 and not 4.4, and falls further with more texts. The gradient is right. With weight= it is not:
# the weights are added in the same way, the loss is too large, and the gradient 62 times too large. If the first 8 tokens
# are learned, all is well. float16 does likewise, with more texts. There is no warning.
#
# Whoever computes the loss in a narrow type should widen the logits first, as Transformers does: logits.float().
#
# Output seen, the loss and the sum of the gradient's absolute values:
#   128 texts, last 8 tokens: bfloat16 2.02 (2.0), with weights of 1 8.06 (7.8); float32 4.36 (2.0)
#   2048 texts, last 8 tokens: bfloat16 0.13 (2.0), with weights of 1 8.12 (125.4); float32 4.39 (2.0)
#   2048 texts, first 8 tokens: bfloat16 4.41 (2.0), with weights of 1 4.41 (2.0); float32 4.40 (2.0)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import torch
from torch.nn.functional import cross_entropy

torch.manual_seed(0)
TOKENS, LENGTH = 50, 32


def loss(logits, labels, weight=None):
    logits = logits.clone().requires_grad_()
    mean = cross_entropy(logits, labels, None if weight is None else weight.to(logits.dtype))
    mean.backward()
    return mean.item(), logits.grad.float().abs().sum().item()


def compare(texts, learned, name):
    logits = torch.randn(texts * LENGTH, TOKENS).bfloat16()
    labels = torch.full((texts, LENGTH), -100)
    labels[:, learned] = torch.randint(0, TOKENS, labels[:, learned].shape)
    labels, ones = labels.flatten(), torch.ones(TOKENS)
    seen = loss(logits, labels), loss(logits, labels, ones), loss(logits.float(), labels)
    said = "bfloat16 %.2f (%.1f), with weights of 1 %.2f (%.1f); float32 %.2f (%.1f)" % sum(seen, ())
    print(f"{texts} texts, {name} 8 tokens: {said}")
    (narrow, slope), (weighted, steeper), (wide, right) = seen
    assert abs(slope / right - 1) < 0.01
    return narrow / wide, weighted / wide, steeper / right


few = compare(128, slice(24, 32), "last")
many = compare(2048, slice(24, 32), "last")
first = compare(2048, slice(0, 8), "first")
assert few[0] < 0.95 and min(few[1:]) > 1.5, "behaves otherwise now"
assert many[0] < 0.05 and many[1] > 1.5 and many[2] > 50, "behaves otherwise now"
assert all(abs(ratio - 1) < 0.01 for ratio in first)
PYTHON

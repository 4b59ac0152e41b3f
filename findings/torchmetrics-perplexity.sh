#!/bin/sh
# torchmetrics 1.9.0, torch 2.13.0, CPython 3.
#
# Perplexity takes logits, computes the softmax in their type, and then the logarithm of each target's probability. Below the
# least F32 number, 104 below the largest logit, the probability is 0 and the perplexity of the whole set infinite: one
# token that a sharp model finds impossible is enough, where the mean of the cross entropies is finite. Logits in bfloat16,
# as a model under autocast gives them, have probabilities of three digits: the perplexity is off by a per cent or two.
#
# Whoever wants a perplexity takes exp of the mean cross entropy of F32 logits.
#
# Output seen:
#   one target of four is 110 below: Perplexity inf, exp of the mean cross entropy 4.93e+12
#   bfloat16 logits of 32000 tokens: Perplexity 67846.3, exp of the mean cross entropy 69412.5
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 torch==2.13.0 torchmetrics==1.9.0
"$folder/venv/bin/python" - <<'PYTHON'
import torch
from torch.nn.functional import cross_entropy
from torchmetrics.text import Perplexity


def both(logits, targets):
    right = torch.exp(cross_entropy(logits[0].float(), targets[0])).item()
    return Perplexity()(logits, targets).item(), right


logits = torch.zeros(1, 4, 10)
logits[0, 3, 0] = 110
seen, right = both(logits, torch.ones(1, 4, dtype=torch.long))
print(f"one target of four is 110 below: Perplexity {seen}, exp of the mean cross entropy {right:.2e}")
assert seen == float("inf") and right < 1e13, "behaves otherwise now"
torch.manual_seed(0)
logits = torch.randn(1, 64, 32000).bfloat16()
seen, right = both(logits, torch.randint(0, 32000, (1, 64)))
print(f"bfloat16 logits of 32000 tokens: Perplexity {seen:.1f}, exp of the mean cross entropy {right:.1f}")
assert abs(seen / right - 1) > 0.003, "behaves otherwise now"
PYTHON

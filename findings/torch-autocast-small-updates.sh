#!/bin/sh
# torch 2.13.0 on a CPU, numpy 2.4.6, CPython 3.
#
# A model whose weights come from a bf16 checkpoint is trained as usual: weights in float32, autocast to bf16. In each pass
# autocast rounds the weights to the nearest bf16 number, and they begin exactly on such numbers. Until the updates of a weight
# add up to half the distance to the next one, the model computes what it did before. A weight of 0.02 needs 6e-5: with AdamW
# some 6 steps of a rate of 1e-5, and 120 of 5e-7, a usual rate for preferences. Until then the loss stands still or lags, while
# the same steps in float32 learn; and what is saved in bf16 at that time is the checkpoint of before, but for the smallest
# weights. There is no message.
#
# Whoever trains few steps with a small rate should compare the loss with one computed in float32, and save in float32; or keep
# weights in bf16 and round the updates stochastically.
#
# Output seen, a network of two layers, the loss of the first and the last of 100 steps, and after them the share of weights that
# are other bf16 numbers than before:
#   rate 5e-07, autocast to bf16: 4.168, 4.168, 0 % of the weights
#   rate 5e-07, float32: 4.168, 4.157, 0 % of the weights
#   rate 1e-05, autocast to bf16: 4.168, 3.947, 100 % of the weights
#   rate 1e-05, float32: 4.168, 3.944, 100 % of the weights
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import copy
import torch

torch.manual_seed(0)
base = torch.nn.Sequential(
    torch.nn.Linear(512, 512, bias=False), torch.nn.GELU(), torch.nn.Linear(512, 64, bias=False))
with torch.no_grad():
    for weight in base.parameters():
        # Near 0.02, either sign, and exactly what a bf16 checkpoint can hold.
        weight.copy_((0.02 * (1 + 0.2 * torch.rand_like(weight)) * torch.randn_like(weight).sign()).bfloat16())
x = torch.randn(256, 512)
y = torch.randint(64, (256,))


def train(rate, autocast):
    model = copy.deepcopy(base)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0)
    losses = []
    for _ in range(100):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            logits = model(x)
        loss = torch.nn.functional.cross_entropy(logits.float(), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    changed = sum((a.bfloat16() != b.bfloat16()).sum().item() for a, b in zip(model.parameters(), base.parameters()))
    return losses[0], losses[-1], changed / sum(weight.numel() for weight in base.parameters())


seen = {}
for rate in (5e-7, 1e-5):
    for autocast in (True, False):
        first, last, changed = seen[rate, autocast] = train(rate, autocast)
        name = "autocast to bf16" if autocast else "float32"
        print(f"rate {rate:g}, {name}: {first:.3f}, {last:.3f}, {100 * changed:.0f} % of the weights")

first, last, changed = seen[5e-7, True]
assert first == last and changed == 0, seen
assert seen[5e-7, False][1] < seen[5e-7, False][0] - 0.005, seen
assert seen[1e-5, True][1] < seen[1e-5, True][0] - 0.1, seen
PY

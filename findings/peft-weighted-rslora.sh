#!/bin/sh
# peft 0.21.0, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# add_weighted_adapter of PEFT bakes each adapter's scaling into the matrices and gives the new adapter lora_alpha = r, so
# that its own scaling is 1. But it copies use_rslora from the first adapter, and then the scaling is r / sqrt(r). The new
# adapter is sqrt(r) times too strong: a copy of one adapter of rank 64 with weight 1 is 8 times that adapter, and "cat" of two
# of rank 16 is 5.7 times their sum. So it is for every combination_type, for adapters of which only the first has
# use_rslora, and in the saved files. Of other adapters the copy is exact. There is no message. (add_weighted_adapter in
# peft/tuners/lora/model.py.)
#
# Whoever combines such adapters must multiply B of the new one by 1 / sqrt(r), or set its scaling to 1 and save
# use_rslora as False.
#
# Output seen, the new adapter divided by what was asked for:
#   rank 4, copy of one: cat 2.00, svd 2.00, linear 2.00, ties 2.00; without rsLoRA, cat 1.00
#   rank 64, copy of one: cat 8.00, svd 8.00, linear 8.00, ties 8.00; without rsLoRA, cat 1.00
#   rank 16, cat of two: both rsLoRA 5.66, the first 5.66, the second 1.00
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 peft==0.21.0 numpy==2.4.6
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - <<'PYTHON'
import math
import warnings

import torch
from peft import LoraConfig, get_peft_model

warnings.simplefilter("ignore")
WIDTH = 256


def factor(rank, rslora, kind, weights):
    torch.manual_seed(0)
    base = torch.nn.Sequential(torch.nn.Linear(WIDTH, WIDTH, bias=False))
    names = [f"adapter{number}" for number in range(len(weights))]
    for number, name in enumerate(names):
        config = LoraConfig(target_modules=["0"], r=rank, lora_alpha=16, use_rslora=rslora[number])
        if number == 0:
            model = get_peft_model(base, config, adapter_name=name)
        else:
            model.add_adapter(name, config)
    layer = model.base_model.model[0]
    for name in names:
        torch.nn.init.normal_(layer.lora_B[name].weight)
    model.add_weighted_adapter(names, weights, "new", combination_type=kind, **({"density": 1.0} if kind == "ties" else {}))
    asked = sum(weight * layer.get_delta_weight(name) for weight, name in zip(weights, names))
    got = layer.get_delta_weight("new")
    size = ((got * asked).sum() / (asked * asked).sum()).item()
    assert torch.allclose(got, size * asked, rtol=1e-3, atol=1e-3 * got.abs().max().item())
    return size


for rank in (4, 64):
    sizes = [factor(rank, [True], kind, [1.0]) for kind in ("cat", "svd", "linear", "ties")]
    plain = factor(rank, [False], "cat", [1.0])
    print("rank %d, copy of one: cat %.2f, svd %.2f, linear %.2f, ties %.2f; without rsLoRA, cat %.2f" % (rank, *sizes, plain))
    assert abs(plain - 1) < 1e-3
    assert all(abs(size - math.sqrt(rank)) < 1e-2 for size in sizes), "behaves otherwise now"
both, first = factor(16, [True, True], "cat", [1.0, 0.5]), factor(16, [True, False], "cat", [1.0, 0.5])
second = factor(16, [False, True], "cat", [1.0, 0.5])
print("rank 16, cat of two: both rsLoRA %.2f, the first %.2f, the second %.2f" % (both, first, second))
assert abs(both - math.sqrt(32)) < 1e-2 and abs(first - math.sqrt(32)) < 1e-2, "behaves otherwise now"
assert abs(second - 1) < 1e-3
PYTHON

#!/bin/sh
# peft 0.21.0, torch 2.13.0, CPython 3.
#
# add_weighted_adapter with combination_type "linear" adds A to A and B to B, each times the root of its weight, and not the
# products B·A. So the average, weights 0.5 and 0.5, of two equal adapters is twice the adapter, and of different ones it has
# products of the one's B with the other's A. "cat" gives the average itself, with the sum of the ranks.
#
# Whoever averages adapters of several seeds by "linear", as the weights of whole models are averaged, gets a larger step
# away from the base.
#
# Output seen:
#   average of two equal adapters, divided by the adapter: linear 2.000, cat 1.000
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 peft==0.21.0 numpy==2.4.6
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - <<'PYTHON'
import torch
from peft import LoraConfig, get_peft_model

torch.manual_seed(0)
config = LoraConfig(r=4, lora_alpha=4, target_modules=["0"], init_lora_weights=False)
model = get_peft_model(torch.nn.Sequential(torch.nn.Linear(8, 8, bias=False)), config, adapter_name="one")
model.add_adapter("two", config)
layer = model.base_model.model[0]
with torch.no_grad():
    for part in (layer.lora_A, layer.lora_B):
        part["two"].weight.copy_(part["one"].weight)
    adapter = layer.get_delta_weight("one")
    factors = {}
    for how in ("linear", "cat"):
        model.add_weighted_adapter(["one", "two"], [0.5, 0.5], how, combination_type=how)
        average = layer.get_delta_weight(how)
        factors[how] = float((average * adapter).sum() / (adapter * adapter).sum())
        assert torch.allclose(average, factors[how] * adapter, atol=1e-6)
said = "linear {linear:.3f}, cat {cat:.3f}".format(**factors)
print("average of two equal adapters, divided by the adapter:", said)
assert said == "linear 2.000, cat 1.000", "behaves otherwise now"
PYTHON

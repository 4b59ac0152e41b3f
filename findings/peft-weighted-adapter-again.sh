#!/bin/sh
# peft 0.21.0, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# add_weighted_adapter of PEFT does nothing at all, and says nothing, if an adapter of the new name exists already: other
# weights, another combination_type, or adapters that have been trained on since then do not count (the first statement of
# add_weighted_adapter in peft/tuners/lora/model.py). add_adapter of a name that exists is an error, and load_adapter puts
# the file in the place of the old one.
#
# Whoever looks for the best weights in a loop evaluates the first ones again and again, unless delete_adapter comes first.
#
# Output seen, how much of the adapters a and b is in "mix":
#   weights 1 and 0: a 1.0, b 0.0
#   then 0 and 1: a 1.0, b 0.0, warned False
#   then 0 and 1 after delete_adapter: a 0.0, b 1.0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 peft==0.21.0 numpy==2.4.6
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - <<'PYTHON'
import warnings

import torch
from peft import LoraConfig, get_peft_model

config = dict(target_modules=["0"], r=2)
model = get_peft_model(torch.nn.Sequential(torch.nn.Linear(8, 8)), LoraConfig(**config), adapter_name="a")
model.add_adapter("b", LoraConfig(**config))
layer = model.base_model.model[0]
with torch.no_grad():
    for row, name in enumerate("ab"):  # a changes one weight, b another
        for matrix in (layer.lora_A[name].weight, layer.lora_B[name].weight):
            matrix.zero_()
            matrix[0 if matrix.shape[0] == 2 else row, 0 if matrix.shape[1] == 2 else row] = 1


def mix(weights):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.add_weighted_adapter(["a", "b"], weights, "mix", combination_type="cat")
    change = layer.get_delta_weight("mix") / layer.scaling["a"]
    return round(change[0, 0].item(), 3), round(change[1, 1].item(), 3), bool(caught)


first = mix([1.0, 0.0])
second = mix([0.0, 1.0])
model.delete_adapter("mix")
third = mix([0.0, 1.0])
print("weights 1 and 0: a %s, b %s" % first[:2])
print("then 0 and 1: a %s, b %s, warned %s" % second)
print("then 0 and 1 after delete_adapter: a %s, b %s" % third[:2])
assert first[:2] == (1, 0) and third[:2] == (0, 1)
assert second == (1, 0, False), "behaves otherwise now"
PYTHON

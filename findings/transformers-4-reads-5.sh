#!/bin/sh
# transformers 5.18.0 and 4.57.6, torch 2.13.0, numpy 2.4.6, CPython 3. Version 4 runs beside a huggingface_hub of version 1
# here, without the check that forbids this.
#
# config.json of Transformers 5 has the base of the rotary embedding in rope_parameters alone. Version 4 looks for rope_theta
# and rope_scaling at the top level, finds neither, and takes 10,000 and no scaling, without a message. So a Llama 3, whose
# base is 500,000, that was only loaded and saved by version 5 is another model in version 4, and in every other library that
# reads the keys of version 4.
#
# Whoever publishes a model from version 5 should add rope_theta (and rope_scaling) at the top level. Version 5 reads them too.
#
# Output seen:
#   saved by 5: rope_theta None, rope_parameters {'rope_theta': 500000.0, 'rope_type': 'default'}
#   4.57.6: rope_theta 10000.0, of 1000 positions 933 have another best token
#   4.57.6 with rope_theta added: rope_theta 500000.0, of 1000 positions 0 have another best token
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip="$folder/venv/bin/pip install --quiet --disable-pip-version-check"
$pip torch==2.13.0 transformers==5.18.0 numpy==2.4.6 requests==2.34.2
$pip --no-deps --target "$folder/four" transformers==4.57.6 tokenizers==0.22.2
cd "$folder"
cat > write.py <<'PYTHON'
import json

import torch
from transformers import LlamaConfig, LlamaForCausalLM

torch.manual_seed(0)
model = LlamaForCausalLM(
    LlamaConfig(
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        vocab_size=64,
        rope_parameters={"rope_type": "default", "rope_theta": 500000.0},
    )
).eval()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        if "proj" in name:
            parameter.mul_(8)
    torch.save(model(torch.arange(1000)[None] % 64).logits, "logits.pt")
model.save_pretrained("saved")
with open("saved/config.json") as file:
    config = json.load(file)
print("saved by 5: rope_theta", config.get("rope_theta"), end=", ")
print("rope_parameters", dict(sorted(config["rope_parameters"].items())))
assert "rope_theta" not in config, "behaves otherwise now"
PYTHON
cat > read.py <<'PYTHON'
import json
import sys
import types
import warnings

said = []
warnings.showwarning = lambda message, *_: said.append(str(message))
check = types.ModuleType("transformers.dependency_versions_check")
check.dep_version_check = lambda *_: None
sys.modules[check.__name__] = check

import torch
import transformers

assert transformers.__version__ == "4.57.6"


def read(name):
    with torch.no_grad():
        model = transformers.LlamaForCausalLM.from_pretrained("saved").eval()
        logits = model(torch.arange(1000)[None] % 64).logits
    others = int((logits.argmax(-1) != torch.load("logits.pt").argmax(-1)).sum())
    print(f"{name}: rope_theta {model.config.rope_theta}, of 1000 positions {others} have another best token")
    return model.config.rope_theta, others > 100


plain = read("4.57.6")
with open("saved/config.json") as file:
    config = json.load(file)
with open("saved/config.json", "w") as file:
    json.dump({**config, "rope_theta": config["rope_parameters"]["rope_theta"]}, file)
added = read("4.57.6 with rope_theta added")
assert plain == (10000.0, True), "behaves otherwise now"
assert not any("rope" in each for each in said), "behaves otherwise now"
assert added == (500000.0, False)
PYTHON
export HF_HOME="$folder/home" HF_HUB_OFFLINE=1 TQDM_DISABLE=1
"$folder/venv/bin/python" write.py
PYTHONPATH="$folder/four" "$folder/venv/bin/python" read.py

#!/bin/sh
# peft 0.21.0, transformers 5.18.0, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# hotswap_adapter puts a saved adapter in the place of a loaded one. If the adapter has an alpha_pattern or a rank_pattern,
# the layers that it names get the scaling of all the others, lora_alpha / r, without a message: the model is another than
# after load_adapter. It shows best if an adapter is swapped for itself, which should change nothing. (PEFT refuses to swap
# adapters whose alpha_pattern differ, and not those whose rank_pattern differ.)
#
# Whoever serves adapters of several ranks by hot-swapping must load those with patterns in the usual way.
#
# Output seen, the scaling of q_proj before and after:
#   no pattern: 2.0 2.0, logits equal True
#   alpha_pattern: 8.0 2.0, logits equal False
#   rank_pattern: 4.0 2.0, logits equal False
#   warned: False
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.18.0 peft==0.21.0 numpy==2.4.6
cd "$folder"
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - <<'PYTHON'
import warnings

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils.hotswap import hotswap_adapter
from transformers import LlamaConfig, LlamaForCausalLM


def base():
    torch.manual_seed(0)
    sizes = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, vocab_size=50)
    return LlamaForCausalLM(LlamaConfig(**sizes)).eval()


ids = torch.arange(8)[None]
seen = {}
said = []
for name, pattern in (
    ("no pattern", {}),
    ("alpha_pattern", {"alpha_pattern": {"q_proj": 32}}),
    ("rank_pattern", {"rank_pattern": {"q_proj": 2}}),
):
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], init_lora_weights=False, **pattern)
    get_peft_model(base(), config).save_pretrained("adapter")
    model = PeftModel.from_pretrained(base(), "adapter").eval()
    layer = model.base_model.model.model.layers[0].self_attn.q_proj
    with torch.no_grad():
        scaling, logits = layer.scaling["default"], model(ids).logits
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            hotswap_adapter(model, "adapter", "default")
        said += warned
        seen[name] = (scaling, layer.scaling["default"], torch.allclose(model(ids).logits, logits, atol=1e-6))
    print("%s: %s %s, logits equal %s" % (name, *seen[name]))
print("warned:", len(said) > 0)
assert seen["no pattern"] == (2, 2, True)
assert seen["alpha_pattern"] == (8, 2, False), "behaves otherwise now"
assert seen["rank_pattern"] == (4, 2, False), "behaves otherwise now"
assert not said, "behaves otherwise now"
PYTHON

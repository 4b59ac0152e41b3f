#!/bin/sh
# peft 0.21.0, transformers 5.18.0, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# An adapter with modules_to_save has a whole copy of the head or the embedding beside its LoRA matrices. When PEFT ends the
# adapter, it puts the copy of the active adapter in the model, whatever it was asked for
# (unload_and_optionally_merge_module of ModulesToSaveWrapper in peft/utils/other.py). So merge_and_unload with
# adapter_names=["two"], while "one" is active, gives two's matrices with one's head, a model that nobody has trained; and
# unload(), which is said to return the base model, returns it with the trained head. With disable_adapter() the model is the
# base, and trainable_token_indices are taken back by unload(). There is no message.
#
# Whoever merges must call set_adapter first; whoever wants the base back must load it again.
#
# Output seen, the greatest difference of the logits:
#   LoRA alone: disabled and base 0.0, unloaded and base 0.0
#     two merged while one is active, and two 0.0, and one 0.01; two merged while it is active, and two 0.0
#   with lm_head: disabled and base 0.0, unloaded and base 2.06
#     two merged while one is active, and two 2.59, and one 0.03; two merged while it is active, and two 0.0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 peft==0.21.0 transformers==5.18.0 numpy==2.4.6
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

IDS = torch.arange(12)[None]


def base():
    torch.manual_seed(0)
    sizes = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, vocab_size=50)
    return LlamaForCausalLM(LlamaConfig(**sizes)).eval()


def tuned(**settings):
    model = get_peft_model(base(), LoraConfig(target_modules=["q_proj"], **settings), adapter_name="one")
    model.add_adapter("two", LoraConfig(target_modules=["q_proj"], **settings))
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_" in name or "modules_to_save" in name:
            parameter.data += 0.1 * torch.randn_like(parameter)
    model.eval()
    model.set_adapter("one")
    return model


def logits(model, adapter=None):
    if adapter:
        model.set_adapter(adapter)
    with torch.no_grad():
        return model(IDS).logits


def apart(one, other):
    return round((one - other).abs().max().item(), 2)


def show(name, **settings):
    start, model = logits(base()), tuned(**settings)
    one, two = logits(model, "one"), logits(model, "two")
    model.set_adapter("one")
    with model.disable_adapter():
        disabled = apart(logits(model), start)
    unloaded = apart(logits(model.unload()), start)
    merged = logits(tuned(**settings).merge_and_unload(adapter_names=["two"]))
    model = tuned(**settings)
    model.set_adapter("two")
    active = apart(logits(model.merge_and_unload()), two)
    print(f"{name}: disabled and base {disabled}, unloaded and base {unloaded}")
    print(f"  two merged while one is active, and two {apart(merged, two)}, and one {apart(merged, one)};"
          f" two merged while it is active, and two {active}")
    return disabled, unloaded, apart(merged, two), active


plain = show("LoRA alone")
head = show("with lm_head", modules_to_save=["lm_head"])
assert plain == (0, 0, 0, 0)
assert head[0] == head[3] == 0 and min(head[1], head[2]) > 1, "behaves otherwise now"
PYTHON

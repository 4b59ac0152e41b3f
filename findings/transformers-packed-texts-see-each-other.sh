#!/bin/sh
# transformers 5.18.0, torch 2.13.0 on a CPU, numpy 2.4.6, CPython 3.
#
# Several texts in one row, with positions that begin again at 0 for each of them, are the form that
# DataCollatorWithFlattening of Transformers makes. Without an attention mask, sdpa and eager attention find the borders
# in the positions, and no text sees another, but only if there is no key-value cache (_preprocess_mask_arguments in
# masking_utils.py). use_cache is true by default, and the model makes a cache in each forward, in training too. So with
# model(**batch) in a loop of one's own each text sees all those before it, and with gradient checkpointing, which turns
# the cache off, it does not. The Trainer turns it off as well: there the same batch has another loss. A mask of ones, as
# tokenizers return it, does the same as the cache. Nothing warns of it. (Pull request 46634 of Transformers is about the
# mask alone. Run here for Llama.)
#
# Whoever packs texts must pass use_cache=False and no attention mask, and compare the logits with those of one text alone.
#
# Output seen, the greatest difference between a text's logits behind another text in a row, and alone:
#   sdpa: by default 0.27, use_cache=False 0.00, that and a mask of ones 0.27, gradient checkpointing 0.00
#   eager: by default 0.27, use_cache=False 0.00, that and a mask of ones 0.27, gradient checkpointing 0.00
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check transformers==5.18.0 torch==2.13.0 numpy==2.4.6
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch
from transformers import DataCollatorWithFlattening, LlamaConfig, LlamaForCausalLM, logging

logging.set_verbosity_error()
torch.manual_seed(0)
torch.set_num_threads(1)
sizes = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, vocab_size=50)
model = LlamaForCausalLM(LlamaConfig(**sizes)).train()
texts = [torch.randint(0, 50, (length,)).tolist() for length in (6, 8)]
batch = dict(DataCollatorWithFlattening()([{"input_ids": text} for text in texts]))
assert batch["position_ids"].tolist() == [[0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 6, 7]] and "attention_mask" not in batch


def difference(**settings):
    alone = model(input_ids=torch.tensor([texts[1]])).logits[0]
    return (model(**batch, **settings).logits[0, 6:] - alone).abs().max().item()


seen = {}
for attention in ("sdpa", "eager"):
    model.set_attn_implementation(attention)
    seen[attention] = [
        difference(),
        difference(use_cache=False),
        difference(use_cache=False, attention_mask=torch.ones_like(batch["input_ids"])),
    ]
    model.gradient_checkpointing_enable()
    seen[attention].append(difference())
    model.gradient_checkpointing_disable()
    print(f"{attention}: by default {seen[attention][0]:.2f}, use_cache=False {seen[attention][1]:.2f}, "
          f"that and a mask of ones {seen[attention][2]:.2f}, gradient checkpointing {seen[attention][3]:.2f}")
for default, uncached, ones, checkpointed in seen.values():
    assert min(default, ones) > 0.05 and max(uncached, checkpointed) < 1e-5, "behaves otherwise now"
PYTHON

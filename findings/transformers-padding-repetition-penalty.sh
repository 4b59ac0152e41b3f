#!/bin/sh
# transformers 5.18.0, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# repetition_penalty of generate counts the padding as text, whatever the attention mask says. Where the pad token is the
# EOS, as is usual for Llama, a shorter prompt in a batch has the EOS's score lowered from its first token on, and the
# longest prompt has not. So the same prompt ends later in a batch than alone: greedy decoding, which should not depend on
# the batch, gives another text. no_repeat_ngram_size counts the padding likewise. There is no message.
#
# Whoever evaluates with a repetition penalty must generate row by row, or take a pad token that no text needs.
#
# Output seen, new tokens for one prompt whose answer is the EOS at once:
#   alone: []
#   beside a longer one, pad is EOS: [7, 8, 9, 10]
#   beside a longer one, another pad: []
#   pad is EOS, no penalty: []
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.18.0 numpy==2.4.6
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - <<'PYTHON'
import torch
from transformers import LlamaConfig, LlamaForCausalLM, logging

logging.set_verbosity_error()
EOS, UNUSED, TOKENS = 2, 0, 16
model = LlamaForCausalLM(
    LlamaConfig(
        hidden_size=TOKENS,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        vocab_size=TOKENS,
        bos_token_id=1,
        eos_token_id=EOS,
    )
).eval()
with torch.no_grad():
    # A model without attention: after token 6 comes the EOS, with 7 close behind; after t comes t + 1.
    for name, parameter in model.named_parameters():
        if "proj" in name:
            parameter.zero_()
    model.model.embed_tokens.weight.copy_(torch.eye(TOKENS))
    model.lm_head.weight.copy_(torch.eye(TOKENS).roll(1, 0))
    model.lm_head.weight[EOS, 6] = 1.1


def answer(padding, pad, penalty):
    """To the prompt 5 6, with so many pad tokens in front."""
    ids = torch.tensor([[pad] * padding + [5, 6], [3] * padding + [5, 6]])
    mask = torch.tensor([[0] * padding + [1, 1], [1] * (padding + 2)])
    tokens = model.generate(
        ids, attention_mask=mask, max_new_tokens=4, do_sample=False, repetition_penalty=penalty, pad_token_id=pad
    )[0, padding + 2 :].tolist()
    return tokens[: tokens.index(EOS)] if EOS in tokens else tokens


alone = answer(0, EOS, 1.3)
beside = answer(3, EOS, 1.3)
other = answer(3, UNUSED, 1.3)
free = answer(3, EOS, 1.0)
print("alone:", alone)
print("beside a longer one, pad is EOS:", beside)
print("beside a longer one, another pad:", other)
print("pad is EOS, no penalty:", free)
assert alone == other == free == []
assert beside == [7, 8, 9, 10], "behaves otherwise now"
PYTHON

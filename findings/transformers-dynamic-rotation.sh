#!/bin/sh
# transformers 5.18.0, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# A Llama whose rotary embedding is scaled by rope_type "dynamic" keeps the frequencies of the longest text that it has
# seen, until a text comes that fits max_position_embeddings. So the logits of a text beyond these positions depend on what
# the model was given before, and on the other rows of its batch; and token by token with a cache they are others than at
# once, since keys that are kept have been turned by earlier frequencies. There is no message.
#
# Whoever compares such a model's numbers, or evaluates it batch by batch, must give it each long text alone, after a short one.
#
# Output seen, for 24 tokens of a model of 16 positions:
#   again: equal True
#   after 40 tokens: equal False
#   after 40 and 10 tokens: equal True
#   beside a row of 40 tokens: equal False
#   token by token: equal False
#   the same with rope_type linear: all equal True
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.18.0 numpy==2.4.6
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - <<'PYTHON'
import torch
from transformers import LlamaConfig, LlamaForCausalLM

torch.set_grad_enabled(False)


def run(kind):
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        vocab_size=50,
        max_position_embeddings=16,
        rope_parameters={"rope_type": kind, "factor": 2.0, "rope_theta": 10000.0},
    )
    model = LlamaForCausalLM(config).eval()
    for name, parameter in model.named_parameters():
        if "proj" in name:
            parameter.mul_(8)
    long = torch.randint(0, 50, (1, 40))
    text = long[:, :24]
    first = model(text).logits
    seen = {}

    def compare(name, logits):
        seen[name] = torch.allclose(logits, first, atol=1e-4)

    compare("again", model(text).logits)
    model(long)
    compare("after 40 tokens", model(text).logits)
    model(long[:, :10])
    compare("after 40 and 10 tokens", model(text).logits)
    model(long[:, :10])
    padded = torch.cat([text, torch.zeros(1, 16, dtype=torch.long)], 1)
    mask = torch.cat([torch.arange(40)[None] < 24, torch.ones(1, 40, dtype=torch.bool)]).long()
    compare("beside a row of 40 tokens", model(torch.cat([padded, long]), attention_mask=mask).logits[:1, :24])
    model(long[:, :10])
    cache, steps = None, []
    for token in text.T:
        step = model(token[None], past_key_values=cache, use_cache=True)
        cache = step.past_key_values
        steps.append(step.logits)
    compare("token by token", torch.cat(steps, 1))
    return seen


dynamic, linear = run("dynamic"), run("linear")
for name, equal in dynamic.items():
    print(f"{name}: equal {equal}")
print("the same with rope_type linear: all equal", all(linear.values()))
assert list(dynamic.values()) == [True, False, True, False, False], "behaves otherwise now"
assert all(linear.values())
PYTHON

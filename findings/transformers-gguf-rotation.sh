#!/bin/sh
# transformers 5.18.0, gguf 0.19.0, accelerate 1.15.0, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# from_pretrained(..., gguf_file=) of Transformers reads the base of the rotary embedding from a Llama's GGUF file, but not
# its scaling: neither llama.rope.scaling.type and .factor nor the tensor rope_freqs.weight, in which llama.cpp keeps the
# frequencies' divisors of Llama 3.1 to 3.3. The model is loaded with unscaled rotation, without a message, and its
# config.json says so when it is saved. With short texts a Llama 3.1 differs little then, with long ones much.
# Run here: a linear factor of 4, and the divisors of Llama 3.1.
#
# Whoever gets such a model back from GGUF must copy rope_parameters from the original config.json.
#
# Output seen:
#   unscaled: default, logits equal True, of 2000 positions 0 have another best token
#   linear: default, logits equal False, of 2000 positions 1835 have another best token
#   llama3: default, logits equal False, of 2000 positions 899 have another best token
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.18.0 gguf==0.19.0 \
  accelerate==1.15.0 numpy==2.4.6
cd "$folder"
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 TQDM_DISABLE=1 "$folder/venv/bin/python" - <<'PYTHON'
import gguf
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

LAYERS, HEADS, TOKENS, WIDTH, HEAD = 2, 4, 64, 128, 32
THETA = 500000.0


def in_pairs(rows):
    """llama.cpp turns neighbours, Transformers the first half of a head with the second."""
    return rows.reshape(HEADS, 2, HEAD // 2, -1).swapaxes(1, 2).reshape(rows.shape)


def write(model, scaling, divisors):
    writer = gguf.GGUFWriter("model.gguf", "llama")
    writer.add_block_count(LAYERS)
    writer.add_context_length(model.config.max_position_embeddings)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(model.config.intermediate_size)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(model.config.rms_norm_eps)
    writer.add_vocab_size(TOKENS)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(THETA)
    if scaling["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling["factor"])
    if scaling["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", divisors)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["<unk>", "<s>", "</s>"] + ["t%d" % i for i in range(TOKENS - 3)])
    writer.add_token_scores([0.0] * TOKENS)
    writer.add_token_types([2, 3, 3] + [1] * (TOKENS - 3))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, LAYERS)
    for name, tensor in model.state_dict().items():
        turned = "q_proj" in name or "k_proj" in name
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)), (in_pairs if turned else lambda x: x)(tensor.numpy()))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


ids = torch.arange(2000)[None] % TOKENS
seen = []
for scaling in (
    {"rope_type": "default"},
    {"rope_type": "linear", "factor": 4.0},
    {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    },
):
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=WIDTH,
        intermediate_size=256,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        vocab_size=TOKENS,
        max_position_embeddings=131072,
        rope_parameters={**scaling, "rope_theta": THETA},
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "proj" in name:
                parameter.mul_(8)
        plain = THETA ** (-torch.arange(0, HEAD, 2) / HEAD)
        write(model, scaling, (plain / model.model.rotary_emb.inv_freq).numpy())
        read = AutoModelForCausalLM.from_pretrained(".", gguf_file="model.gguf", dtype=torch.float32).eval()
        before, after = model(ids).logits, read(ids).logits
    name = "unscaled" if scaling["rope_type"] == "default" else scaling["rope_type"]
    kind = read.config.rope_parameters["rope_type"]
    same = torch.allclose(before, after, atol=1e-5)
    others = int((before.argmax(-1) != after.argmax(-1)).sum())
    print(f"{name}: {kind}, logits equal {same}, of 2000 positions {others} have another best token")
    seen.append((kind, same, others > 0))
assert seen[0] == ("default", True, False)
assert seen[1:] == [("default", False, True)] * 2, "behaves otherwise now"
PYTHON

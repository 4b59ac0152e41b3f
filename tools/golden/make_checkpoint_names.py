"""Which tensors Transformers takes where a model's files name them otherwise than LlamaForCausalLM does."""

import tempfile
from pathlib import Path

import torch
from golden import MODELS, write_json
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

EMBEDDING, HEAD, QUERY = "model.embed_tokens.weight", "lm_head.weight", "model.layers.0.self_attn.q_proj.weight"


def bare(names):
    return {stored.removeprefix("model."): name for stored, name in names.items()}


def without(left_out, names):
    return {stored: name for stored, name in names.items() if name != left_out}


def all_names(names):
    return names


# tie_word_embeddings, and the names that the files have, of those that they should have.
CASES = {
    "tied, another head": (True, all_names),
    "tied, the embedding alone": (True, lambda names: without(HEAD, names)),
    "tied, the head alone": (True, lambda names: without(EMBEDDING, names)),
    "LlamaModel, tied": (True, lambda names: bare(without(HEAD, names))),
    "LlamaModel, tied, the head alone": (True, lambda names: bare(without(EMBEDDING, names))),
    "LlamaModel, tied, another head": (True, bare),
    "LlamaModel and a head": (False, bare),
    "LlamaModel without a head": (False, lambda names: bare(without(HEAD, names))),
    "the head alone": (False, lambda names: without(EMBEDDING, names)),
}


def make(tied, choose):
    config = dict(
        vocab_size=96,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
    )
    model = LlamaForCausalLM(LlamaConfig(**config, tie_word_embeddings=False))
    tensors = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    stored = choose({name: name for name in tensors})
    with tempfile.TemporaryDirectory() as folder:
        LlamaConfig(**config, tie_word_embeddings=tied).save_pretrained(folder)
        save_file({key: tensors[name] for key, name in stored.items()}, Path(folder, "model.safetensors"))
        loaded, info = LlamaForCausalLM.from_pretrained(folder, output_loading_info=True)
    taken = loaded.state_dict()
    return {
        "tie_word_embeddings": tied,
        "files": stored,
        "missing": sorted(info["missing_keys"]),
        "taken": {
            name: next((source for source in tensors if torch.equal(tensors[source], taken[name])), None)
            for name in (EMBEDDING, HEAD, QUERY)
        },
    }


if __name__ == "__main__":
    torch.manual_seed(31)
    write_json(MODELS / "checkpoint-names.json", {name: make(*case) for name, case in CASES.items()})

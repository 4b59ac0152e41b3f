"""Llama's forward pass in any floating-point type, written from the definition.

Transformers computes RMSNorm, softmax and the rotary angles in float32 whatever the model's type, so it cannot say
what the exact result is. This one, in float64, can; in float32 it must agree with Transformers up to rounding.
"""

import json
import math

import torch
from safetensors.torch import load_file

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def load_config(folder):
    """config.json with the defaults that this reference needs filled in (Transformers-5 style only)."""
    config = json.loads((folder / "config.json").read_text())
    config.setdefault("num_key_value_heads", config["num_attention_heads"])
    if config.get("head_dim") is None:
        config["head_dim"] = config["hidden_size"] // config["num_attention_heads"]
    return config


def load_weights(folder, dtype):
    """All tensors of a model folder or an adapter folder, sharded or not, in the given type."""
    weights = {}
    for file in sorted(folder.glob("*model*.safetensors")):
        weights |= {name: tensor.to(dtype) for name, tensor in load_file(file).items()}
    return weights


def inverse_frequencies(config):
    """Rotary frequencies [head_dim / 2] in radians per position, float64."""
    rope = config["rope_parameters"]
    half = torch.arange(0, config["head_dim"], 2, dtype=torch.float64) / config["head_dim"]
    frequencies = rope["rope_theta"] ** -half
    match rope["rope_type"]:
        case "default":
            return frequencies
        case "linear":
            return frequencies / rope["factor"]
        case "llama3":
            low, high = rope["low_freq_factor"], rope["high_freq_factor"]
            turns = rope["original_max_position_embeddings"] * frequencies / (2 * math.pi)
            smooth = ((turns - low) / (high - low)).clamp(0, 1)
            return frequencies * (smooth + (1 - smooth) / rope["factor"])
        case other:
            raise ValueError(f"rope_type {other}")


class Llama:
    """A functional Llama: weights by their names in the file, optionally with LoRA's A and B by PEFT's names."""

    def __init__(self, config, weights, adapter=None, scale=0.0):
        self.config, self.weights, self.adapter, self.scale = config, weights, adapter or {}, scale

    def linear(self, name, x):
        y = x @ self.weights[name + ".weight"].T
        if name + ".bias" in self.weights:
            y = y + self.weights[name + ".bias"]
        a = self.adapter.get(f"base_model.model.{name}.lora_A.weight")
        if a is not None:
            y = y + self.scale * (x @ a.T) @ self.adapter[f"base_model.model.{name}.lora_B.weight"].T
        return y

    def norm(self, name, x):
        root = torch.rsqrt(x.square().mean(-1, keepdim=True) + self.config["rms_norm_eps"])
        return self.weights[name + ".weight"] * (x * root)

    def attention(self, name, x, angles):
        heads, kv_heads = self.config["num_attention_heads"], self.config["num_key_value_heads"]
        head_dim, length = self.config["head_dim"], len(x)
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)

        def split(y, n):  # [T, n·d] → [n, T, d]
            return y.view(length, n, head_dim).transpose(0, 1)

        def rotate(y):  # pairs are (i, i + d/2)
            low, high = y.chunk(2, dim=-1)
            return torch.cat((low * cos - high * sin, high * cos + low * sin), dim=-1)

        q = rotate(split(self.linear(name + ".q_proj", x), heads))
        k = rotate(split(self.linear(name + ".k_proj", x), kv_heads)).repeat_interleave(heads // kv_heads, 0)
        v = split(self.linear(name + ".v_proj", x), kv_heads).repeat_interleave(heads // kv_heads, 0)
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        scores = (q @ k.transpose(1, 2) / math.sqrt(head_dim)).masked_fill(future, -math.inf)
        mixed = (scores.softmax(-1) @ v).transpose(0, 1).reshape(length, heads * head_dim)
        return self.linear(name + ".o_proj", mixed)

    def __call__(self, tokens):
        """Logits [T, vocab] of one sequence of token ids."""
        embedding = self.weights["model.embed_tokens.weight"]
        x = embedding[torch.as_tensor(tokens)]
        angles = torch.outer(torch.arange(len(tokens), dtype=torch.float64), inverse_frequencies(self.config))
        for i in range(self.config["num_hidden_layers"]):
            layer = f"model.layers.{i}."
            x = x + self.attention(layer + "self_attn", self.norm(layer + "input_layernorm", x), angles)
            h = self.norm(layer + "post_attention_layernorm", x)
            gated = torch.nn.functional.silu(self.linear(layer + "mlp.gate_proj", h))
            x = x + self.linear(layer + "mlp.down_proj", gated * self.linear(layer + "mlp.up_proj", h))
        x = self.norm("model.norm", x)
        if self.config["tie_word_embeddings"]:
            return x @ embedding.T
        return self.linear("lm_head", x)

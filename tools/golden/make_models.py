"""Tiny random Llama folders as Transformers saves them, with logits and greedy continuations."""

import json

import torch
from golden import MODELS, fresh, write_json, write_tensors
from llama_reference import Llama, load_config, load_weights
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

POSITIONS = 48
SHARED = dict(vocab_size=96, max_position_embeddings=64, bos_token_id=1, eos_token_id=2, use_cache=True)

VARIANTS = {
    "llama2": dict(
        seed=5,
        dtype="float32",
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        rms_norm_eps=1e-5,
        tie_word_embeddings=False,
    ),
    # Wavelengths 6.3, 14, 30, 65, … against 8 and 32: one frequency is kept, two are blended, the others divided by 8.
    "llama3-scaling": dict(
        seed=18,
        dtype="bfloat16",
        shards="25KB",
        hidden_size=48,
        intermediate_size=40,
        num_hidden_layers=2,
        num_attention_heads=3,
        num_key_value_heads=1,
        rms_norm_eps=1e-6,
        tie_word_embeddings=True,
        eos_token_id=[2, 3],
        rope_parameters=dict(
            rope_type="llama3",
            rope_theta=500.0,
            factor=8.0,
            low_freq_factor=1.0,
            high_freq_factor=4.0,
            original_max_position_embeddings=32,
        ),
    ),
    "linear-scaling-biases": dict(
        seed=27,
        dtype="float16",
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        rms_norm_eps=1e-5,
        tie_word_embeddings=False,
        attention_bias=True,
        mlp_bias=True,
        rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=2.0),
    ),
}


def randomize(model, generator):
    """Norms around 1, all else of standard deviation 0.25: attention is uneven, logits differ by far more than rounding."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.data.copy_(1 + 0.1 * noise if "norm" in name else 0.25 * noise)


def greedy(model, prompts):
    """Greedy continuations, each of 20 tokens or up to EOS, and how far the runner-up stayed behind."""
    rows, closest = [], float("inf")
    for prompt in prompts:
        result = model.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            pad_token_id=0,
            do_sample=False,
            max_new_tokens=20,
            output_logits=True,
            return_dict_in_generate=True,
        )
        rows.append({"prompt": prompt, "generated": result.sequences[0, len(prompt) :].tolist()})
        for logits in result.logits:
            best, second = logits[0].topk(2).values.tolist()
            closest = min(closest, best - second)
    return {"prompts": rows, "smallest_margin": closest}


def make(name, seed, shards=None, **options):
    generator = torch.Generator().manual_seed(seed)
    config = LlamaConfig(**(SHARED | options))
    model = LlamaForCausalLM(config)
    randomize(model, generator)
    model = model.to(getattr(torch, options["dtype"]))
    folder = fresh(MODELS / name)
    model.save_pretrained(folder, **({"max_shard_size": shards} if shards else {}))

    tokens = [1] + torch.randint(3, config.vocab_size, (POSITIONS - 1,), generator=generator).tolist()
    write_json(folder / "tokens.json", tokens)
    loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        single = loaded(torch.tensor([tokens])).logits[0]
        exact = Llama(load_config(folder), load_weights(folder, torch.float64))(tokens)
        own = Llama(load_config(folder), load_weights(folder, torch.float32))(tokens)
    write_tensors(folder / "logits.safetensors", {"float64": exact.float(), "float32": single})
    rows = greedy(loaded, [tokens[:5], tokens[20:31]])
    write_json(folder / "greedy.json", rows)
    print(
        f"{name}: logits std {exact.std():.2f} max {exact.abs().max():.2f}, Transformers in f32 differs by"
        f" {(single - exact).abs().max():.1e}, the reference in f32 by {(own - exact).abs().max():.1e};"
        f" smallest greedy margin {rows['smallest_margin']:.3f}"
    )


def make_transformers4_config():
    """The llama3 variant's config.json as Transformers 4 wrote it: it must mean the same model."""
    source = MODELS / "llama3-scaling"
    config = json.loads((source / "config.json").read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = rope
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.46.0"
    folder = fresh(MODELS / "llama3-scaling-transformers4")
    write_json(folder / "config.json", config, indent=2, sort_keys=True)

    tokens = json.loads((source / "tokens.json").read_text())
    logits = []
    for path in (source, folder):
        model = LlamaForCausalLM(LlamaConfig.from_pretrained(path)).float().eval()
        model.load_state_dict(load_weights(source, torch.float32), strict=False)
        logits.append(model(torch.tensor([tokens])).logits)
    if not torch.equal(*logits):
        raise AssertionError("the Transformers-4 config does not mean the same model")


if __name__ == "__main__":
    for name, options in VARIANTS.items():
        make(name, **options)
    make_transformers4_config()

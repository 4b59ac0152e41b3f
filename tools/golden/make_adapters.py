"""LoRA adapters of the golden llama2 model as PEFT saves them, with their logits before and after merging."""

import json
import shutil

import torch
from golden import ADAPTERS, MODELS, fresh, save_adapter, write_json, write_tensors
from llama_reference import TARGETS, Llama, load_config, load_weights
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import LlamaForCausalLM

MODEL = MODELS / "llama2"
SAVED = {
    "all-linear": dict(r=4, lora_alpha=8, target_modules=list(TARGETS)),
    "lm-head": dict(r=3, lora_alpha=4, target_modules=["q_proj", "lm_head"]),
    "regular-expression": dict(r=2, lora_alpha=3, target_modules=r"model\.layers\.1\.(self_attn|mlp)\.\w+_proj"),
}
# Layers with a rank and an alpha of their own, and layers left out.
PATTERNS = dict(
    r=2,
    lora_alpha=3,
    target_modules=list(TARGETS),
    rank_pattern={"q_proj": 3, r"layers\.1\.mlp\.(?P<which_one>up|down)_proj": 1},
    alpha_pattern={"model.layers.0.self_attn.v_proj": 5, "q_proj": 0.5},
    exclude_modules=["0.mlp.gate_proj", "k_proj"],
)
# What changes the computation, or which layers there are: each with everything else as in all-linear.
CONFIGS = {
    "use_rslora": dict(use_rslora=True),
    "use_dora": dict(use_dora=True),
    "rank_pattern": dict(rank_pattern={"q_proj": 8}),
    "alpha_pattern": dict(alpha_pattern={"layers.1.self_attn.q_proj": 16}),
    "bias": dict(bias="lora_only"),
    "lora_bias": dict(lora_bias=True),
    "modules_to_save": dict(modules_to_save=["lm_head"]),
    "fan_in_fan_out": dict(fan_in_fan_out=True),
    "layers_to_transform": dict(layers_to_transform=[1], layers_pattern="layers"),
    "layer_replication": dict(layer_replication=[(0, 2), (1, 2)]),
    "trainable_token_indices": dict(trainable_token_indices=[5, 6]),
    "target_parameters": dict(target_parameters=["mlp.gate_proj.weight"]),
    "exclude_modules": dict(exclude_modules=["q_proj"]),
    "alora_invocation_tokens": dict(alora_invocation_tokens=[7, 8]),
}


def base_model():
    return LlamaForCausalLM.from_pretrained(MODEL, dtype=torch.float32).eval()


def names_and_shapes(folder):
    return {name: list(tensor.shape) for name, tensor in load_weights(folder, torch.float32).items()}


@torch.no_grad()
def make(name, tokens, options):
    torch.manual_seed(len(name))
    folder = ADAPTERS / name
    model = get_peft_model(base_model(), LoraConfig(task_type="CAUSAL_LM", **options))
    for parameter_name, parameter in model.named_parameters():
        if "lora_B" in parameter_name:
            parameter.normal_(std=0.1)
    save_adapter(model, folder)
    write_json(folder / "tensors.json", dict(sorted(names_and_shapes(folder).items())))

    loaded = PeftModel.from_pretrained(base_model(), folder).eval()
    by_adapter = loaded(torch.tensor([tokens])).logits[0]
    merged = loaded.merge_and_unload()
    by_merged = merged(torch.tensor([tokens])).logits[0]
    weights = load_weights(MODEL, torch.float64)
    scale = options["lora_alpha"] / options["r"]
    exact = Llama(load_config(MODEL), weights, load_weights(folder, torch.float64), scale)(tokens)
    base = Llama(load_config(MODEL), weights)(tokens)
    write_tensors(
        folder / "logits.safetensors",
        {"float64": exact.float(), "float32": by_adapter, "merged_float32": by_merged},
    )
    if name == "all-linear":
        changed = {k: v for k, v in merged.state_dict().items() if k.split(".")[-2] in TARGETS}
        write_tensors(folder / "merged.safetensors", changed)
    print(
        f"{name}: the adapter moves the logits by up to {(exact - base).abs().max():.2f};"
        f" PEFT differs from float64 by {(by_adapter - exact).abs().max():.1e},"
        f" merged by {(by_merged - exact).abs().max():.1e}"
    )


def make_default_names(tokens):
    """The all-linear adapter under the names that the parameters have in memory, as state dicts are saved by hand."""
    source, folder = ADAPTERS / "all-linear", fresh(ADAPTERS / "default-names")
    model = PeftModel.from_pretrained(base_model(), source)
    state = {k: v for k, v in model.state_dict().items() if "lora_" in k}
    write_tensors(folder / "adapter_model.safetensors", state)
    shutil.copy(source / "adapter_config.json", folder)
    write_json(folder / "tensors.json", dict(sorted(names_and_shapes(folder).items())))
    renamed = {k.replace(".default", ""): v for k, v in state.items()}
    original = load_weights(source, torch.float32)
    if set(renamed) != set(original) or not all(torch.equal(renamed[k], v) for k, v in original.items()):
        raise AssertionError("the state dict is not the saved adapter")


@torch.no_grad()
def make_patterns(tokens):
    """Logits by PEFT alone, in float32; with layers_to_transform and a bias setting that has nothing to train."""
    for name, options in {
        "patterns": PATTERNS,
        "one-layer": dict(r=2, lora_alpha=3, target_modules=["q_proj", "up_proj"], layers_to_transform=[1], bias="all"),
    }.items():
        torch.manual_seed(len(name))
        folder = ADAPTERS / name
        model = get_peft_model(base_model(), LoraConfig(task_type="CAUSAL_LM", **options))
        for parameter_name, parameter in model.named_parameters():
            if "lora_B" in parameter_name:
                parameter.normal_(std=0.1)
        save_adapter(model, folder)
        loaded = PeftModel.from_pretrained(base_model(), folder).eval()
        write_tensors(folder / "logits.safetensors", {"float32": loaded(torch.tensor([tokens])).logits[0]})


@torch.no_grad()
def make_merged_bf16():
    """The all-linear adapter merged into the base rounded to bf16: the sum in float32, rounded once."""
    base = LlamaForCausalLM.from_pretrained(MODEL, dtype=torch.bfloat16).eval()
    merged = PeftModel.from_pretrained(base, ADAPTERS / "all-linear").merge_and_unload()
    changed = {k: v for k, v in merged.state_dict().items() if k.split(".")[-2] in TARGETS}
    write_tensors(ADAPTERS / "all-linear" / "merged-bf16.safetensors", changed)


def make_configs():
    folder = fresh(ADAPTERS / "configs")
    for name, options in CONFIGS.items():
        config = LoraConfig(task_type="CAUSAL_LM", inference_mode=True, **(SAVED["all-linear"] | options))
        config.base_model_name_or_path = str(MODEL)
        config.save_pretrained(folder)
        (folder / "adapter_config.json").rename(folder / f"{name}.json")


if __name__ == "__main__":
    fresh(ADAPTERS)
    tokens = json.loads((MODEL / "tokens.json").read_text())
    for name, options in SAVED.items():
        make(name, tokens, options)
    make_default_names(tokens)
    make_patterns(tokens)
    make_merged_bf16()
    make_configs()

"""Twenty steps of fine-tuning the golden llama2 model on one small batch: full-weight and LoRA, F32 and bf16."""

import json

import torch
from finetuning import counted_positions, logits_function, train
from golden import MODELS, TRAINING, fresh, relative_difference, save_adapter, write_json, write_tensors
from llama_reference import TARGETS, Llama, load_config, load_weights
from peft import LoraConfig, PeftModel, get_peft_model
from schedules import learning_rates
from transformers import LlamaForCausalLM

MODEL = MODELS / "llama2"
ADAPTER = TRAINING / "adapter"
STEPS, LEARNING_RATE, WARMUP, WEIGHT_DECAY = 20, 1e-3, 0.1, 0.1
RANK, ALPHA = 4, 8
RATES = learning_rates(STEPS, LEARNING_RATE, "cosine", min_lr_ratio=0.1, warmup=WARMUP)


def make_batch():
    """Six rows of unequal length: four share a prefix, two are equal, one has nothing in common with the others."""
    generator = torch.Generator().manual_seed(7)
    draw = lambda n: torch.randint(3, 96, (n,), generator=generator).tolist()
    prefix = [1] + draw(9)
    branch = prefix + draw(3)
    rows = [
        (branch + draw(2) + draw(6) + [2], 15),
        (branch + draw(4) + draw(3) + [2], 17),
        (prefix + draw(5) + draw(8) + [2], 15),
        ([1] + draw(4) + draw(9) + [2], 5),
        (prefix + draw(1) + [2], 11),
    ]
    rows.append(rows[1])
    counted = sum(len(counted_positions(*row)) for row in rows)
    examples = [{"tokens": tokens, "sourceLength": source_length} for tokens, source_length in rows]
    text = ",\n".join("    " + json.dumps(example) for example in examples)
    path = TRAINING / "batch.json"
    path.write_text(f'{{\n  "examples": [\n{text}\n  ],\n  "countedTokens": {counted}\n}}\n', encoding="utf-8")
    return rows


def base_model():
    return LlamaForCausalLM.from_pretrained(MODEL, dtype=torch.float32)


def make_adapter():
    """The adapter that LoRA starts from: A as PEFT draws it, B small but not zero, so that A has a gradient too."""
    torch.manual_seed(11)
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=list(TARGETS), task_type="CAUSAL_LM")
    model = get_peft_model(base_model(), config)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(std=0.05)
    save_adapter(model, ADAPTER)


def full():
    model = base_model()
    return model, dict(model.named_parameters())


def lora():
    model = PeftModel.from_pretrained(base_model(), ADAPTER, is_trainable=True)
    names = ((name.replace(".default", ""), p) for name, p in model.named_parameters())
    return model, {name: p for name, p in names if p.requires_grad}


def exact(kind, batch):
    """The same run in float64, by the reference implementation."""
    weights = load_weights(MODEL, torch.float64)
    adapter = load_weights(ADAPTER, torch.float64) if kind is lora else None
    parameters = adapter or weights
    for parameter in parameters.values():
        parameter.requires_grad_()
    model = Llama(load_config(MODEL), weights, adapter, ALPHA / RANK)
    metrics, gradients = train_keeping_gradients(parameters, model, batch)
    return metrics, parameters, gradients


def train_keeping_gradients(parameters, logits_of, batch):
    """The run's metrics, and the gradients of its first step before clipping."""
    first = {}

    def keep(step, gradients):
        if step == 0:
            first.update(gradients)

    return train(parameters, logits_of, batch, RATES, WEIGHT_DECAY, on_gradients=keep), first


def run(kind, batch):
    name = kind.__name__
    exact_metrics, exact_parameters, exact_gradients = exact(kind, batch)
    for dtype in ("f32", "bf16"):
        model, parameters = kind()
        metrics, gradients = train_keeping_gradients(parameters, logits_function(model, dtype), batch)
        write_json(TRAINING / f"{name}-{dtype}.json", metrics)
        worst = max(abs(a / b - 1) for a, b in zip(metrics["loss"], exact_metrics["loss"]))
        print(
            f"{name} {dtype} against float64: loss {worst:.1e} relative,"
            f" gradients of step 0 {relative_difference(gradients, exact_gradients):.1e} relative (norm),"
            f" final weights {relative_difference(parameters, exact_parameters):.1e} relative (norm),"
            f" {max((p - exact_parameters[n]).abs().max().item() for n, p in parameters.items()):.1e} at most;"
            f" losses {metrics['loss'][0]:.4f} … {metrics['loss'][-1]:.4f}"
        )
        if dtype == "f32":
            prefix = "" if kind is full else "lora-"
            write_tensors(TRAINING / f"{prefix}gradients-step0.safetensors", gradients)
            if kind is full:
                write_tensors(TRAINING / "full-f32-final.safetensors", parameters)
            else:
                save_adapter(model, TRAINING / "lora-f32-final")
    write_json(TRAINING / f"{name}-f64.json", exact_metrics)


if __name__ == "__main__":
    fresh(TRAINING)
    rows = make_batch()
    make_adapter()
    run(full, rows)
    run(lora, rows)

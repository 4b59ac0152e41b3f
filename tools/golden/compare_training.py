"""Fine-tunes a model folder in PyTorch, with PEFT if an adapter is given, on one batch: the whole of a data file.

Prints one JSON object: loss, lr and gradNorm of each step, counts of examples and tokens. With --metrics or --weights
it adds how far a run of Bayu's is from it.
"""

import argparse
import json
import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from examples import load_examples
from finetuning import counted_positions, logits_function, train
from llama_reference import load_weights
from peft import PeftModel
from schedules import learning_rates
from transformers import AutoModelForCausalLM


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model folder with its tokenizer")
    parser.add_argument("--data", type=Path, required=True, help="JSON Lines: instruction, input, output")
    parser.add_argument("--adapter", type=Path, help="PEFT adapter to train; without it all weights are trained")
    parser.add_argument("--output", type=Path, help="where to save the final model or adapter")
    parser.add_argument("--dtype", choices=("f32", "bf16"), default="f32", help="bf16: autocast on F32 parameters")
    parser.add_argument("--max_tune_length", type=int, default=2048)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--learning_rate", type=float, required=True)
    parser.add_argument("--lr_schedule", default="cosine", help="cosine, linear, constant, inv or inv_sqrt")
    parser.add_argument("--min_lr_ratio", type=float, default=0.1)
    parser.add_argument("--warmup", type=float, default=0.01, help="up to 1 a fraction of the steps, above it steps")
    parser.add_argument("--weight_decay", type=float, default=0.1)
    parser.add_argument("--max_grad_norm", type=float, default=1.0)
    parser.add_argument("--metrics", type=Path, help="Bayu's metrics.jsonl, to be compared")
    parser.add_argument("--weights", type=Path, help="folder that Bayu saved, to be compared")
    return parser.parse_args()


def load(arguments):
    """The model, and its trainable parameters by their names in a saved file."""
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32)
    if arguments.adapter is not None:
        model = PeftModel.from_pretrained(model, arguments.adapter, is_trainable=True)
    model.train()
    names = ((name.replace(".default", ""), p) for name, p in model.named_parameters())
    return model, {name: p for name, p in names if p.requires_grad}


def loss_difference(losses, metrics_file):
    """The largest relative difference of a step's loss."""
    rows = [json.loads(line) for line in metrics_file.read_text().splitlines()]
    theirs = [row["train/loss"] for row in rows if "train/loss" in row]
    if len(theirs) != len(losses):
        raise SystemExit(f"{metrics_file} has {len(theirs)} losses, expected {len(losses)}")
    return max(abs(b / a - 1) for a, b in zip(losses, theirs))


def weight_difference(parameters, folder):
    """The largest difference of a trained weight, and its tensor."""
    theirs = load_weights(folder, torch.float32)
    missing = parameters.keys() - theirs.keys()
    if missing:
        raise SystemExit(f"{folder} lacks {sorted(missing)}")
    return max(((p - theirs[name]).abs().max().item(), name) for name, p in parameters.items())


def main():
    arguments = parse()
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    batch = load_examples(arguments.model, arguments.data, arguments.max_tune_length)
    model, parameters = load(arguments)
    rates = learning_rates(
        arguments.steps, arguments.learning_rate, arguments.lr_schedule, arguments.min_lr_ratio, arguments.warmup
    )
    logits_of = logits_function(model, arguments.dtype)
    result = train(parameters, logits_of, batch, rates, arguments.weight_decay, arguments.max_grad_norm)
    result["examples"] = len(batch)
    result["tokens"] = sum(len(tokens) for tokens, _ in batch)
    result["countedTokens"] = sum(len(counted_positions(*row)) for row in batch)
    if arguments.output is not None:
        model.save_pretrained(arguments.output)
    if arguments.metrics is not None:
        result["worstLossDifference"] = loss_difference(result["loss"], arguments.metrics)
    if arguments.weights is not None:
        result["worstWeightDifference"] = weight_difference(parameters, arguments.weights)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

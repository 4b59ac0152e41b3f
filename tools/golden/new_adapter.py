"""Makes a PEFT adapter to start from: A as PEFT draws it, B random instead of zero, so that A has a gradient at once."""

import argparse
import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from llama_reference import TARGETS
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--r", type=int, default=8)
    parser.add_argument("--alpha", type=int, default=8)
    parser.add_argument("--target_modules", default=",".join(TARGETS), help="names with commas between them")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32)
    config = LoraConfig(
        r=arguments.r,
        lora_alpha=arguments.alpha,
        target_modules=arguments.target_modules.split(","),
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(model, config)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(std=0.02)
    model.save_pretrained(arguments.output)


if __name__ == "__main__":
    main()

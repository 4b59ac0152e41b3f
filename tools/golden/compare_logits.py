"""Logits of a model folder by Transformers, or with an adapter by PEFT, in float32.

Prints what `bayu logits` prints, one JSON array with an array of vocab_size numbers for each token; with --against, how
far Bayu's are from them.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from peft import PeftModel
from transformers import AutoModelForCausalLM


@torch.no_grad()
def logits(model_folder, adapter_folder, tokens):
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    if adapter_folder is not None:
        model = PeftModel.from_pretrained(model, adapter_folder)
    return model.eval()(torch.tensor([tokens])).logits[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--tokens", required=True, help="ids with commas between them")
    parser.add_argument("--against", type=argparse.FileType(), help="output of `bayu logits` (- for standard input)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    expected = logits(arguments.model, arguments.adapter, [int(t) for t in arguments.tokens.split(",")])
    if arguments.against is None:
        json.dump(expected.tolist(), sys.stdout)
        print()
        return
    actual = torch.tensor(json.load(arguments.against))
    if actual.shape != expected.shape:
        raise SystemExit(f"expected logits of shape {list(expected.shape)}, got {list(actual.shape)}")
    same = (actual.argmax(-1) == expected.argmax(-1)).sum().item()
    print(json.dumps({"worstDifference": (actual - expected).abs().max().item(), "sameArgmax": same, "of": len(actual)}))


if __name__ == "__main__":
    main()

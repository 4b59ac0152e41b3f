"""Where Transformers' generate stops, by config.json and generation_config.json, before and after Bayu saves the folder."""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from golden import MODELS, write_json
from transformers import AutoModelForCausalLM

SOURCE = MODELS / "llama2"
PROMPT = [1, 5, 6, 7]  # goes on with 50, 38, 71, 82, 50, 15, 18, …

# (eos_token_id of config.json, generation_config.json or None, the EOS of the training, generation_config.json as Bayu saves it)
CASES = [
    (2, {"eos_token_id": [2, 71]}, 2, {"eos_token_id": [2, 71]}),
    (38, {"eos_token_id": 71}, 71, {"eos_token_id": 71}),
    (38, {"eos_token_id": 71}, 82, {"eos_token_id": [71, 82]}),
    (2, {"eos_token_id": 2, "do_sample": False}, 82, {"eos_token_id": [2, 82], "do_sample": False}),
    (2, None, 15, {"bos_token_id": 1, "eos_token_id": [2, 15]}),
    (None, None, 18, {"bos_token_id": 1, "eos_token_id": 18}),
    (71, {}, 2, {"eos_token_id": [71, 2]}),
]


def generate(config_eos, generation):
    """What Transformers generates with the golden llama2 model and these files."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copy(SOURCE / "model.safetensors", folder)
        config = json.loads((SOURCE / "config.json").read_text())
        write_json(folder / "config.json", config | {"eos_token_id": config_eos})
        if generation is not None:
            write_json(folder / "generation_config.json", generation)
        model = AutoModelForCausalLM.from_pretrained(folder)
        ids = torch.tensor([PROMPT])
        result = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=12)
        return result[0, len(PROMPT) :].tolist()


if __name__ == "__main__":
    cases = []
    for config_eos, generation, trained, saved in CASES:
        before, after = generate(config_eos, generation), generate(config_eos, saved)
        print(f"{config_eos} {generation}: {before}\n  trained on {trained}: {after}")
        cases.append(
            {
                "config_eos": config_eos,
                "generation_config": generation,
                "trained_eos": trained,
                "saved": saved,
                "before": before,
                "after": after,
            }
        )
    write_json(MODELS / "generation.json", {"prompt": PROMPT, "cases": cases})

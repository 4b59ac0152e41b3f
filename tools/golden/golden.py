"""What the fixture scripts share: where fixtures go, and how they are written."""

import json
import os
import shutil
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
if os.environ.get("PYTHONHASHSEED") != "0":  # PEFT writes sets in hash order
    os.environ["PYTHONHASHSEED"] = "0"
    os.execv(sys.executable, [sys.executable, *sys.argv])

import torch
import transformers
from safetensors.torch import save_file

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

os.chdir(Path(__file__).resolve().parents[2])  # so that no file records where the project lies
MODELS = Path("llama-model/src/test/resources/golden")
TOKENIZERS = MODELS / "tokenizer"
TRAINING = Path("train/src/test/resources/golden/training")
ADAPTERS = Path("lora/src/test/resources/golden")
TENSORS = Path("tensor-core/src/test/resources/golden")


def fresh(folder):
    """Empties a fixture folder, so that nothing stale survives a new run."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write_json(path, value, **options):
    """Writes readable JSON: one line for each entry of the outermost object, floats as they round-trip."""
    if isinstance(value, dict) and not options:
        lines = (f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=True)}" for k, v in value.items())
        text = "{\n" + ",\n".join(lines) + "\n}\n"
    else:
        text = json.dumps(value, **options) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def write_tensors(path, tensors):
    """Writes a safetensors file with PyTorch's metadata."""
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, path, metadata={"format": "pt"})


def save_adapter(model, folder):
    """Saves a PEFT model's adapter without the model card that PEFT adds."""
    model.save_pretrained(fresh(folder))
    (folder / "README.md").unlink()


def relative_difference(a, b):
    """‖a − b‖₂ / ‖b‖₂ over all tensors of two maps with the same names, in float64."""
    square = lambda tensors: sum(t.double().square().sum().item() for t in tensors)
    return (square(a[name].double() - b[name].double() for name in b) / square(b.values())) ** 0.5

"""What Transformers makes of the tokenizer files that Bayu saves where the base has a tokenizer.model alone."""

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from golden import MODELS, TOKENIZERS, fresh
from sentencepiece import sentencepiece_model_pb2
from transformers import AutoTokenizer
from tricky_texts import TEXTS

NAMED = {"bos_token": "<s>", "eos_token": "</s>", "tokenizer_class": "LlamaTokenizer"}
PAD = {"content": "<pad>", "special": True, "lstrip": False, "rstrip": False, "normalized": False}
TOOL = {"content": "<tool>", "special": False, "lstrip": True, "rstrip": False, "normalized": False}
CASES = {
    "alone": ("sentencepiece", {}),
    "without BOS": ("sentencepiece", {"tokenizer_config.json": NAMED | {"add_bos_token": False, "legacy": True}}),
    "with EOS": ("sentencepiece", {"tokenizer_config.json": NAMED | {"add_eos_token": True}}),
    "added_tokens_decoder": (
        "sentencepiece",
        {
            "tokenizer_config.json": NAMED
            | {"pad_token": "<pad>", "model_max_length": 4096, "added_tokens_decoder": {"480": PAD, "481": TOOL}},
            "special_tokens_map.json": {"eos_token": "<pad>"},
        },
    ),
    "added_tokens.json": ("sentencepiece", {"added_tokens.json": {"<tool>": 481, "<pad>": 480}}),
    "extra white space removed": ("trimming", {}),
}
MORE = ["a  b", "  a  b  ", "<s>a", "<s> a", "a <tool> b", "a<tool>b<pad> c", "x<pad>", "<tool><tool>", "a</s>  b"]


def make_trimming():
    """The model of `sentencepiece` as its trainer makes it by default: runs of spaces are one, at the ends none."""
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString((TOKENIZERS / "sentencepiece" / "tokenizer.model").read_bytes())
    model.normalizer_spec.remove_extra_whitespaces = True
    (fresh(TOKENIZERS / "trimming") / "tokenizer.model").write_bytes(model.SerializeToString(deterministic=True))


def case(name, form, files):
    with tempfile.TemporaryDirectory() as folder:
        base, saved = Path(folder) / "base", Path(folder) / "saved"
        base.mkdir()
        shutil.copy(TOKENIZERS / form / "tokenizer.model", base)
        for file, content in files.items():
            (base / file).write_text(json.dumps(content), encoding="utf-8")
        config = str(MODELS / "llama2" / "config.json")
        subprocess.run(["./bayu", "init", "--config", config, "--tokenizer", str(base), "--output", str(saved)], check=True)
        tokenizer = AutoTokenizer.from_pretrained(saved)
        return {
            "name": name,
            "form": form,
            "files": files,
            "saved": sorted(file.name for file in saved.iterdir() if "token" in file.name),
            "sha256": hashlib.sha256((saved / "tokenizer.json").read_bytes()).hexdigest(),
            "config": json.loads((saved / "tokenizer_config.json").read_text(encoding="utf-8")),
            "eos": tokenizer.eos_token_id,
            "ids": [tokenizer(text).input_ids for text in TEXTS + MORE],
        }


def make_saved_tokenizers():
    make_trimming()
    cases = [case(name, form, files) for name, (form, files) in CASES.items()]
    lines = ",\n    ".join(map(json.dumps, cases))
    result = '{\n  "texts": ' + json.dumps(TEXTS + MORE) + ',\n  "cases": [\n    ' + lines + "\n  ]\n}\n"
    (TOKENIZERS / "saved.json").write_text(result, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make_saved_tokenizers()

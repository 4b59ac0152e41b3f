"""The ids that SentencePiece and Transformers give with the files that `bayu train-tokenizer` writes."""

import hashlib
import json
import os
import subprocess
import tempfile
from pathlib import Path

from golden import TOKENIZERS
from sentencepiece import SentencePieceProcessor
from transformers import AutoTokenizer
from tricky_texts import TEXTS

BAYU = os.environ.get("BAYU", "./bayu")
CORPUS = [line for line in (Path(__file__).parent / "corpus.txt").read_text(encoding="utf-8").splitlines() if line]
VOCAB_SIZE = 420

with tempfile.TemporaryDirectory() as folder:
    rows = Path(folder) / "rows.jsonl"
    rows.write_text("".join(json.dumps({"text": line}) + "\n" for line in CORPUS), encoding="utf-8")
    output = Path(folder) / "tokenizer"
    subprocess.run([BAYU, "train-tokenizer", "--input", rows, "--vocab_size", str(VOCAB_SIZE), "--special_token", "<tool>",
                    "--output", output], check=True)
    model = SentencePieceProcessor(model_file=str(output / "tokenizer.model"))
    fast = AutoTokenizer.from_pretrained(output)
    cases = []
    for text in TEXTS + CORPUS[:20] + ["<tool>", "<s>", "<0x41>", "a<tool>"]:
        ids = model.encode(text)
        if not any(token in text for token in fast.all_special_tokens + ["<tool>"]):  # Transformers reads those
            assert fast.encode(text, add_special_tokens=False) == ids, text
        cases.append({"text": text, "ids": ids})
    assert fast.vocab_size == model.vocab_size() == VOCAB_SIZE
    assert fast.encode("a")[0] == fast.bos_token_id == model.bos_id() == 1
    fixture = {
        "vocab_size": VOCAB_SIZE,
        "sha256": hashlib.sha256((output / "tokenizer.model").read_bytes()).hexdigest(),
        "corpus": CORPUS,
        "cases": cases,
    }
(TOKENIZERS / "trained.json").write_text(json.dumps(fixture, ensure_ascii=True, indent=0) + "\n", encoding="utf-8")

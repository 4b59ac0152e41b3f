"""Rows of a fine-tuning file as (tokens, source length), as Levanter makes them."""

import json
from pathlib import Path

import sentencepiece
from tokenizers import Tokenizer

WITH_INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further context. Write a response"
    " that appropriately completes the request.\n\n### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:"
)
WITHOUT_INPUT = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Response:"
)


def encoder(folder):
    """A function from text to ids with BOS. The library runs a tokenizer.json as it stands; Transformers 5 does not."""
    path = Path(folder) / "tokenizer.json"
    if path.exists():
        tokenizer = Tokenizer.from_file(str(path))
        return lambda text: tokenizer.encode(text).ids
    processor = sentencepiece.SentencePieceProcessor(model_file=str(Path(folder) / "tokenizer.model"))
    return lambda text: processor.encode(text, add_bos=True)


def load_examples(model_folder, data_file, max_length):
    """Every row of a JSON Lines file of instruction, input (may be missing or empty) and output."""
    config = json.loads((Path(model_folder) / "config.json").read_text())
    eos = config["eos_token_id"]
    eos = eos[0] if isinstance(eos, list) else eos
    max_length = min(max_length, config["max_position_embeddings"])
    encode = encoder(model_folder)
    examples = []
    for line in Path(data_file).read_text(encoding="utf-8").rstrip("\n").split("\n"):
        row = json.loads(line)
        prompt = (WITH_INPUT if row.get("input") else WITHOUT_INPUT).format(**row)
        tokens = encode(prompt + row["output"]) + [eos]
        examples.append((tokens[:max_length], len(encode(prompt))))
    return examples

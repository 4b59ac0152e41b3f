"""What rows become in a template with chat markers, and rows that carry markers themselves, as Levanter tokenizes them."""

import json
import shutil
import tempfile
from pathlib import Path

from golden import TOKENIZERS, TRAINING
from transformers import AutoTokenizer

FORMS = {"sentencepiece": "tokenizer.model", "metaspace": "tokenizer.json", "byte-level": "tokenizer.json"}
MARKERS = ["<|im_start|>", "<|im_end|>"]
PROMPTS = {
    "prompt_input": "<|im_start|>system\n{instruction}<|im_end|>\n<|im_start|>user\n{input}<|im_end|>\n<|im_start|>assistant\n",
    "prompt_no_input": "<|im_start|>user\n{instruction}<|im_end|>\n<|im_start|>assistant\n",
}
ROWS = [
    {"instruction": "Tell me about the game.", "output": "It was here."},
    {"instruction": "Be short.", "input": "größe 日本  two", "output": " é was\n"},
    {"instruction": " spaces ", "input": "a\n\nb", "output": ""},
    {"instruction": "Say a number.", "input": "{braces}", "output": "7"},
]
# These need special_tokens_in_rows: true.
MARKED_ROWS = [
    {"prompt": "<|im_start|>user\nTell me about it.<|im_end|>\n<|im_start|>assistant\n", "completion": "It was.<|im_end|>"},
    {"prompt": "he is ", "completion": "<|im_end|>\n<|im_start|>a"},
    {"instruction": "a<|im_end|>b", "input": "<|im_start|>", "output": "<|im_end|><|im_end|>"},
]


def texts(row):
    if "prompt" in row:
        return row["prompt"], row["completion"]
    return PROMPTS["prompt_input" if row.get("input") else "prompt_no_input"].format(**row), row["output"]


def load(form, file, decoder):
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(TOKENIZERS / form / file, folder)
        config = json.loads((TOKENIZERS / form / "tokenizer_config.json").read_text(encoding="utf-8"))
        config.pop("legacy", None)
        config["added_tokens_decoder"] = decoder
        (Path(folder) / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
        (Path(folder) / "config.json").write_text('{"model_type": "llama"}')
        return AutoTokenizer.from_pretrained(folder)


def make_chat_rows():
    forms = {}
    for form, file in FORMS.items():
        size = len(load(form, file, {}))
        decoder = {str(size + i): {"content": marker, "special": True} for i, marker in enumerate(MARKERS)}
        tokenizer = load(form, file, decoder)
        examples = []
        for row in ROWS + MARKED_ROWS:
            prompt, output = texts(row)
            whole = tokenizer(prompt + output).input_ids + [tokenizer.eos_token_id]
            examples.append({"tokens": whole, "sourceLength": len(tokenizer(prompt).input_ids)})
        forms[form] = {"file": file, "added_tokens_decoder": decoder, "examples": examples}
    fixture = {"prompts": PROMPTS, "rows": ROWS, "markedRows": MARKED_ROWS, "forms": forms}
    text = json.dumps(fixture, ensure_ascii=True)
    for start in ('"rows"', '"markedRows"', '"forms"', '{"tokens"', '"metaspace"', '"byte-level"', '{"instruction"', '{"prompt"'):
        text = text.replace(start, "\n" + start)
    (TRAINING.parent / "chat-rows.json").write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make_chat_rows()

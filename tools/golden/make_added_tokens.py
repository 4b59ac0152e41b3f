"""What Transformers makes of added tokens in each of the files that may name them."""

import json
import shutil
import tempfile
from pathlib import Path

from golden import TOKENIZERS
from transformers import AutoTokenizer

TEXTS = ["<tool>x", "a <tool> x", "<tool>", "x  <tool>  b", "<a>c<tool>b</s>x <s> y", "<b>a <tool>", "a<b><c> b"]
NAMED = {"bos_token": "<s>", "eos_token": "</s>"}
FAST = NAMED | {"tokenizer_class": "PreTrainedTokenizerFast"}
LLAMA = NAMED | {"tokenizer_class": "LlamaTokenizer"}


def token(content, **flags):
    return {"content": content, "special": False, "lstrip": False, "rstrip": False, "normalized": False} | flags


def decoder(**tokens):
    """added_tokens_decoder: decoder(_480=token("<tool>"))."""
    return {"added_tokens_decoder": {key[1:]: value for key, value in tokens.items()}}


def config(base, **more):
    return {"tokenizer_config.json": base | more}


TOOL = token("<tool>")
MODEL_CASES = {
    "added_tokens.json": config(LLAMA) | {"added_tokens.json": {"<tool>": 483, "<a>": 482, "<b>": 480, "<c>": 481}},
    "added_tokens.json behind a hole": config(LLAMA) | {"added_tokens.json": {"<tool>": 500}},
    "eos named only in added_tokens.json": config(LLAMA, eos_token="<tool>") | {"added_tokens.json": {"<tool>": 480}},
    "added_tokens_decoder": config(LLAMA, **decoder(_480=TOOL)),
    "added_tokens_decoder and added_tokens.json": config(LLAMA, **decoder(_480=TOOL)) | {"added_tokens.json": {"<a>": 481}},
    "flags": config(LLAMA, **decoder(_480=token("<tool>", lstrip=True, rstrip=True))),
    "a plain token and white space": config(LLAMA, **decoder(_480=TOOL, _481=token("<a>", special=True))),
    "pad named only in special_tokens_map.json": config(LLAMA) | {"special_tokens_map.json": {"pad_token": "<tool>"}},
    "special_tokens_map.json lists": config(LLAMA) | {"special_tokens_map.json": {"additional_special_tokens": ["<tool>", "<a>"]}},
}
JSON_CASES = {
    "the same": config(FAST, **decoder(_480=TOOL)),
    "lstrip and rstrip in the config": config(FAST, **decoder(_480=token("<tool>", lstrip=True, rstrip=True))),
    "special in the config": config(FAST, **decoder(_480=token("<tool>", special=True))),
    "another text": config(FAST, **decoder(_480=token("<b>"))),
    "another text of a piece": config(FAST, **decoder(_475=token("<b>"))),
    "an id beyond a hole": config(FAST, **decoder(_600=token("<b>"))),
    "two ids beyond a hole": config(FAST, **decoder(_600=token("<b>"), _590=token("<c>"))),
    "another id": config(FAST, **decoder(_481=TOOL)),
    "no flags in the config": config(FAST, **decoder(_480={"content": "<tool>"})),
    "no decoder": config(FAST),
    "no config": {},
    "added_tokens.json": config(FAST) | {"added_tokens.json": {"<tool>": 480, "<a>": 490}},
    "special_tokens_map.json": config(FAST) | {"special_tokens_map.json": {"eos_token": {"content": "<tool>", "lstrip": True}, "additional_special_tokens": ["<a>"]}},
    "special_tokens_map.json beside a decoder": config(FAST, **decoder(_480=TOOL)) | {"special_tokens_map.json": {"eos_token": "<tool>"}},
    "pad and a list": config(FAST, pad_token="<tool>", additional_special_tokens=["<a>"]),
    "class LlamaTokenizer, the same": config(LLAMA, **decoder(_480=TOOL)),
    "class LlamaTokenizer, another text": config(LLAMA, **decoder(_480=token("<b>"))),
    "class LlamaTokenizer, beyond a hole": config(LLAMA, **decoder(_600=token("<b>"), _590=token("<c>"))),
    "class LlamaTokenizer, flags": config(LLAMA, **decoder(_480=token("<tool>", lstrip=True, special=True))),
    "class LlamaTokenizer, no decoder": config(LLAMA),
}


def case(name, form, own, files):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        if form == "sentencepiece":
            shutil.copy(TOKENIZERS / form / "tokenizer.model", folder)
        else:
            tokenizer = json.loads((TOKENIZERS / form / "tokenizer.json").read_text(encoding="utf-8"))
            tokenizer["added_tokens"] += own
            (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
        for file, content in files.items():
            (folder / file).write_text(json.dumps(content), encoding="utf-8")
        (folder / "config.json").write_text('{"model_type": "llama"}')
        tokenizer = AutoTokenizer.from_pretrained(folder)
        ids = {text: tokenizer(text, add_special_tokens=False).input_ids for text in TEXTS}
        added = {t.content: [i, t.special] for i, t in sorted(tokenizer.added_tokens_decoder.items())}
        return {"name": name, "form": form, "own": own, "files": files, "eos": tokenizer.eos_token_id, "added": added, "ids": ids}


def make_added_tokens():
    own = [TOOL | {"id": 480, "single_word": False}]
    cases = [case(name, "sentencepiece", [], files) for name, files in MODEL_CASES.items()]
    cases += [case(name, "metaspace", own, files) for name, files in JSON_CASES.items()]
    cases += [case("a hole in the file", "metaspace", [TOOL | {"id": 600, "single_word": False}], config(FAST))]
    lines = ",\n".join(json.dumps(c, ensure_ascii=True) for c in cases)
    (TOKENIZERS / "added-tokens.json").write_text("[\n" + lines + "\n]\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make_added_tokens()

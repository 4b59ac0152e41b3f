"""What texts with chat markers become: the golden tokenizers with more added tokens, whose flags differ."""

import itertools
import json

from golden import TOKENIZERS
from tokenizers import AddedToken, Tokenizer

# Special tokens of each flag, a plain one inside a special one, one that is the beginning of another.
TOKENS = [
    {"content": "<|im_start|>", "special": True},
    {"content": "<|im_end|>", "special": True},
    {"content": "<|im", "special": False},
    {"content": "<tool>", "special": False},
    {"content": "<left>", "special": True, "lstrip": True},
    {"content": "<right>", "special": True, "rstrip": True},
    {"content": "<word>", "special": True, "single_word": True},
    {"content": "<normal>", "special": True, "normalized": True},
    {"content": "<|im_start|><|im_start|>", "special": True},
]
CHAT = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
FIELDS = ["Tell me about the game.", "", " ", "  two  spaces ", "a<tool>b", "größe 日本", "\n\nnew\tline\n"]
TEXTS = [CHAT.format(field) for field in FIELDS] + [
    "".join(parts) for parts in itertools.product(["", "a", " "], ["<left>", "<right>", "<word>", "<normal>"], ["", "b", " ", " c"])
]
TEXTS += [
    "<|im_start|><|im_start|>x",
    "<|im_start|><|im_end|>",
    "<|im_start|> <|im_end|> ",
    "x<|im_start",
    " <left> <right> <word> <normal> ",
    "<|im_start|>system\nYou answer.<|im_end|>\n" + CHAT.format("Why?") + "Because.<|im_end|>\n",
]


def make_chat_tokens():
    cases = {"tokens": TOKENS, "forms": {}}
    for form in ("legacy", "metaspace", "byte-level"):
        tokenizer = Tokenizer.from_file(str(TOKENIZERS / form / "tokenizer.json"))
        for token in TOKENS:
            flags = {"normalized": False} | {k: v for k, v in token.items() if k not in ("content", "special")}
            token = AddedToken(token["content"], special=token["special"], **flags)
            (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
        rows = []
        for text in TEXTS:
            row = {"text": text}
            for key, specials_are_text in (("parsed", False), ("asText", True)):
                tokenizer.encode_special_tokens = specials_are_text
                row[key] = tokenizer.encode(text, add_special_tokens=False).ids
            rows.append(row)
        cases["forms"][form] = rows
    lines = json.dumps(cases, ensure_ascii=True).replace('{"text"', '\n{"text"').replace('"tokens"', '\n"tokens"')
    (TOKENIZERS / "chat-tokens.json").write_text(lines + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make_chat_tokens()

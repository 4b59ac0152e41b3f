#!/bin/sh
# sentencepiece 0.2.2, CPython 3.
#
# SentencePiece writes a space as the character U+2581 and puts one before each text. While it learns a vocabulary it counts
# that character like any other. Where spaces are less than 0.05 % of the texts (long lines of DNA, of a protein, of base64,
# of a language without spaces), the default character_coverage of 0.9995 leaves it out. With byte_fallback it is then
# written as its three bytes, and decoding makes U+2581 of them, not a space: no text comes back as it was, and each costs
# three tokens more. Without byte_fallback every space becomes the unknown token. Nothing warns of it.
#
# Whoever trains a vocabulary on such texts sets character_coverage to 1, or names the character in required_chars.
#
# Output seen (the mark U+2581 is shown as _):
#   as it is: 3 tokens more, "acg t" comes back as "_acg_t"
#   without byte_fallback: "acg t" comes back as " ⁇ acg ⁇ t"
#   character_coverage 1.0: "acg t" comes back as "acg t"
#   required_chars: "acg t" comes back as "acg t"
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sentencepiece==0.2.2
"$folder/venv/bin/python" - <<'PYTHON'
import io
import random

import sentencepiece

MARK = "\u2581"
draw = random.Random(0)
lines = ["".join(draw.choices("acgt", k=4000)) for _ in range(5)]


def back(**settings):
    model = io.BytesIO()
    settings = dict(dict(byte_fallback=True), **settings)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, model_type="bpe", vocab_size=300,
        normalization_rule_name="identity", minloglevel=2, **settings)
    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    more = sum(piece.startswith("<0x") for piece in tokenizer.encode("acg", out_type=str))
    return more, tokenizer.decode(tokenizer.encode("acg t")).replace(MARK, "_")


more, plain = back()
print(f'as it is: {more} tokens more, "acg t" comes back as "{plain}"')
_, unknown = back(byte_fallback=False)
print(f'without byte_fallback: "acg t" comes back as "{unknown}"')
_, whole = back(character_coverage=1.0)
print(f'character_coverage 1.0: "acg t" comes back as "{whole}"')
_, required = back(required_chars=MARK)
print(f'required_chars: "acg t" comes back as "{required}"')
assert (more, plain, unknown) == (3, "_acg_t", " \u2047 acg \u2047 t"), "behaves otherwise now"
assert whole == required == "acg t", "behaves otherwise now"
PYTHON

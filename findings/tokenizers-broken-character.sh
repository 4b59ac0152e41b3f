#!/bin/sh
# tokenizers 0.23.2, sentencepiece 0.2.2, CPython 3.
#
# Bytes that tokens stand for are decoded in runs. If a run is not UTF-8 as a whole, tokenizers' decoder ByteFallback replaces
# every byte of it by U+FFFD, also those of whole characters; SentencePiece replaces the broken ones alone. In Llama 2's
# vocabulary the line break is such a byte. So an answer that ends within a character, because its number of tokens was
# reached, loses the line break before it as well, and DecodeStream has given out by then what decode takes back.
#
# Whoever compares or parses answers cuts off the last incomplete character's tokens before decoding.
#
# Output seen (U+FFFD is shown as ?):
#   all tokens: tokenizers "yes\n🐕", SentencePiece "yes\n🐕"
#   without the last: tokenizers "yes????", SentencePiece "yes\n???"
#   the stream of these: "yes\n"
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tokenizers==0.23.2 sentencepiece==0.2.2
"$folder/venv/bin/python" - <<'PYTHON'
import io

import sentencepiece
from tokenizers import Tokenizer, decoders
from tokenizers.models import BPE

model = io.BytesIO()
sentencepiece.SentencePieceTrainer.train(
    sentence_iterator=iter(["yes yes yes yes"]), model_writer=model, model_type="bpe", vocab_size=264,
    byte_fallback=True, normalization_rule_name="identity", minloglevel=2)
pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
vocabulary = {pieces.id_to_piece(number): number for number in range(len(pieces))}
tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=[], unk_token="<unk>", byte_fallback=True))
tokenizer.decoder = decoders.Sequence([
    decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])


def shown(text):
    return text.replace("\ufffd", "?").replace("\n", "\\n")


numbers = pieces.encode("yes\n🐕")
both = [(shown(tokenizer.decode(some)), shown(pieces.decode(some))) for some in (numbers, numbers[:-1])]
for name, (one, other) in zip(("all tokens", "without the last"), both):
    print(f'{name}: tokenizers "{one}", SentencePiece "{other}"')
stream = decoders.DecodeStream(skip_special_tokens=True)
streamed = shown("".join(part for part in (stream.step(tokenizer, number) for number in numbers[:-1]) if part))
print(f'the stream of these: "{streamed}"')
assert both[0] == ("yes\\n🐕", "yes\\n🐕")
assert both[1] == ("yes????", "yes\\n???"), "behaves otherwise now"
assert streamed == "yes\\n", "behaves otherwise now"
PYTHON

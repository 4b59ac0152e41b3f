#!/bin/sh
# tokenizers 0.23.2, CPython 3.
#
# A BPE model with byte_fallback whose vocabulary has only some of the 256 bytes (one that was pruned to the tokens that a
# corpus uses) writes a character whose bytes are all there as these, and any other as the unknown token. The unknown token
# is kept back until a character of the vocabulary or another unknown one comes, so that neighbours can be fused, but a
# character written as bytes does not end that. So the unknown token comes after the bytes of all characters that follow it,
# with offsets that run backwards, and with fuse_unk unknown characters on both sides of such a character become one. The
# model sees another order of tokens than the text has. (merge_word in models/bpe/model.rs)
#
# Whoever prunes a vocabulary keeps all 256 bytes, or none.
#
# Output seen, of the text "x日éa" ("é" has both bytes, "日" has not all of its three):
#   fuse_unk True: x <0xC3> <0xA9> <unk> a, begins 0 1 1 1 3
#   fuse_unk False: x <0xC3> <0xA9> <unk> a, begins 0 1 1 1 3
# and of "日é日":
#   fuse_unk True: <0xC3> <0xA9> <unk>
#   fuse_unk False: <0xC3> <0xA9> <unk> <unk>
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tokenizers==0.23.2
"$folder/venv/bin/python" - <<'PYTHON'
from tokenizers import Tokenizer
from tokenizers.models import BPE

vocabulary = {"<unk>": 0, "a": 1, "x": 2, "<0xC3>": 3, "<0xA9>": 4}
for fuse in (True, False):
    model = BPE(vocab=vocabulary, merges=[], unk_token="<unk>", byte_fallback=True, fuse_unk=fuse)
    tokenizer = Tokenizer(model)
    one, two = tokenizer.encode("x日éa"), tokenizer.encode("日é日")
    begins = [begin for begin, _ in one.offsets]
    print(f"fuse_unk {fuse}:", *one.tokens, end=", begins ")
    print(*begins)
    print(f"fuse_unk {fuse}:", *two.tokens)
    assert one.tokens == ["x", "<0xC3>", "<0xA9>", "<unk>", "a"], "behaves otherwise now"
    assert two.tokens == ["<0xC3>", "<0xA9>"] + ["<unk>"] * (1 if fuse else 2), "behaves otherwise now"
PYTHON

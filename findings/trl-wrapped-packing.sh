#!/bin/sh
# trl 1.13.0, datasets 5.0.1, pyarrow 25.0.1, transformers 5.18.0, accelerate 1.15.0, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# pack_dataset of TRL with strategy="wrapped" joins rows of tokens and cuts them into pieces of equal length, 1000 rows at a
# time. For a data set of token ids in memory (Dataset.from_dict or from_list, and what select makes of it), each time
# begins again at the first row of the whole: of 2500 rows the first 1000 come two or three times, and the other 1500 not
# at all. The number of pieces and of tokens is right, and there is no message. (_pack_wrapped in trl/data_utils.py counts
# the tokens of the 1000 rows and takes them from the buffer that they are a slice of.) "bfd" is right, and so are data sets
# that map has written, in blocks of 1000, as SFTTrainer does before it packs. (Issue 6669 of TRL; corrected there after
# this version.)
#
# Whoever packs by himself, to train elsewhere, should take "bfd" or "bfd_split", or count the distinct tokens afterwards.
#
# Output seen, the rows of 2500 whose tokens are in the packed data set, and its number of tokens:
#   from map, wrapped: 2500 rows, 7500 tokens
#   in memory, bfd: 2500 rows, 7500 tokens
#   in memory, wrapped: 1000 rows, 7500 tokens
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check trl==1.13.0 datasets==5.0.1 pyarrow==25.0.1 \
  transformers==5.18.0 accelerate==1.15.0 torch==2.13.0 numpy==2.4.6
cd "$folder"
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" -W ignore - <<'PYTHON'
from datasets import Dataset, disable_progress_bars
from trl import pack_dataset

disable_progress_bars()
# Each row is three times a token of its own.
memory = Dataset.from_dict({"input_ids": [[row] * 3 for row in range(2500)]})
mapped = memory.map(lambda row: row)
seen = []
runs = (("from map", mapped, "wrapped"), ("in memory", memory, "bfd"), ("in memory", memory, "wrapped"))
for name, data, strategy in runs:
    tokens = [token for piece in pack_dataset(data, 64, strategy)["input_ids"] for token in piece]
    seen.append((len(set(tokens)), len(tokens)))
    print(f"{name}, {strategy}: {len(set(tokens))} rows, {len(tokens)} tokens")
assert seen == [(2500, 7500), (2500, 7500), (1000, 7500)], "behaves otherwise now"
PYTHON

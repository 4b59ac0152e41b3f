#!/bin/sh
# datasets 5.0.1, pyarrow 25.0.1, CPython 3.
#
# load_dataset("json") guesses types anew in each block of about 10 MB of each file. If all strings of a field in a block
# look like dates, they become timestamps. Where another file, named first, has made the field text, they are turned back,
# but not to what they were: "2014-02-01" is then "2014-02-01 00:00:00". There is no warning.
#
# Whoever evaluates on a split whose expected answers happen to be dates compares with text that is not in the file: every
# right answer counts as wrong. features=, which says that the field is text, does not help; Dataset.from_list of rows that
# Python's json has read does.
#
# Output seen:
#   only dates: timestamp[s]
#   train 'not known', valid '2014-02-01 00:00:00'
#   with features: valid '2014-02-01 00:00:00'
#   from_list: valid '2014-02-01'
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datasets==5.0.1 pyarrow==25.0.1
cd "$folder"
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 HF_DATASETS_DISABLE_PROGRESS_BARS=1 "$folder/venv/bin/python" - <<'PYTHON'
import json

from datasets import Dataset, Features, Value, disable_progress_bars, load_dataset

disable_progress_bars()
for name, answer in (("train", "not known"), ("valid", "2014-02-01")):
    with open(name + ".jsonl", "w") as file:
        file.write(json.dumps({"prompt": "When was it?", "completion": answer}) + "\n")
files = {"train": "train.jsonl", "valid": "valid.jsonl"}
alone = load_dataset("json", data_files={"valid": "valid.jsonl"})["valid"].features["completion"].dtype
both = {split: rows[0]["completion"] for split, rows in load_dataset("json", data_files=files).items()}
text = Features({"prompt": Value("string"), "completion": Value("string")})
told = load_dataset("json", data_files=files, features=text)["valid"][0]["completion"]
print("only dates:", alone)
print("train {train!r}, valid {valid!r}".format(**both))
with open("valid.jsonl") as file:
    listed = Dataset.from_list([json.loads(line) for line in file])[0]["completion"]
print("with features: valid", repr(told))
print("from_list: valid", repr(listed))
assert alone == "timestamp[s]", "behaves otherwise now"
assert both == {"train": "not known", "valid": "2014-02-01 00:00:00"}, "behaves otherwise now"
assert told == "2014-02-01 00:00:00", "behaves otherwise now"
assert listed == "2014-02-01"
PYTHON

#!/bin/sh
# datasets 5.0.1, pyarrow 25.0.1, CPython 3.
#
# If the rows of a generator have different keys, from_generator drops those that the first row lacks, with their values,
# without a message. map drops keys that the first row's result lacks if they come among the first 1000 rows; if they come
# later they are an error. Dataset.from_list does likewise, but says so in its documentation. load_dataset("json") of the
# same rows keeps all keys and fills with None.
#
# Whoever reads JSON Lines in a generator of his own, or adds an optional field such as a system prompt by map, loses it if
# the first row has none. features= with all columns helps for a generator. For map it makes the column, and fills it with
# None where the function has given a value, too. Each row must be given all keys.
#
# Output seen:
#   from_generator: {'prompt': ['a', 'b']}; with features {'prompt': ['a', 'b'], 'system': [None, 'Be brief.']}
#   map: {'prompt': ['a', 'b']}; with features {'prompt': ['a', 'b'], 'system': [None, None]}
#   map, the other key in row 1000: KeyError
#   load_dataset: {'prompt': ['a', 'b'], 'system': [None, 'Be brief.']}
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datasets==5.0.1 pyarrow==25.0.1
cd "$folder"
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - <<'PYTHON'
import json
import warnings

from datasets import Dataset, Features, Value, disable_progress_bars, load_dataset

disable_progress_bars()
rows = [{"prompt": "a"}, {"prompt": "b", "system": "Be brief."}]
with open("rows.jsonl", "w") as file:
    for row in rows:
        file.write(json.dumps(row) + "\n")


def generate():
    yield from rows


def look_up(row):
    return rows[row["number"]]


text = Features({"prompt": Value("string"), "system": Value("string")})
numbers = Dataset.from_dict({"number": [0, 1]})
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    generated = Dataset.from_generator(generate)[:], Dataset.from_generator(generate, features=text)[:]
    mapped = (
        numbers.map(look_up, remove_columns="number")[:],
        numbers.map(look_up, remove_columns="number", features=text)[:],
    )
    try:
        Dataset.from_dict({"number": [0] * 1000 + [1]}).map(look_up)
        late = "no error"
    except KeyError:
        late = "KeyError"
loaded = load_dataset("json", data_files="rows.jsonl", split="train")[:]
print("from_generator: %s; with features %s" % generated)
print("map: %s; with features %s" % mapped)
print("map, the other key in row 1000:", late)
print("load_dataset:", loaded)
kept, lost = {"prompt": ["a", "b"], "system": [None, "Be brief."]}, {"prompt": ["a", "b"]}
assert loaded == kept and generated[1] == kept
assert generated[0] == mapped[0] == lost and late == "KeyError", "behaves otherwise now"
assert mapped[1] == {**lost, "system": [None, None]}, "behaves otherwise now"
assert not said, "behaves otherwise now"
PYTHON

#!/bin/sh
# @huggingface/tokenizers 0.2.0 (npm; the tokenizers of Transformers.js), tokenizers 0.23.2, transformers 5.18.0, CPython 3, Node
# from 20 on with npm.
#
# decode of the JavaScript tokenizers takes the space away in front of . ? ! , and in front of 's, n't and the like, and both
# spaces around an apostrophe, if clean_up_tokenization_spaces is true in tokenizer_config.json, as it is in Llama 3's, or
# missing there. The text is not the one that was encoded, and not what the model was taught to write. The Python package
# tokenizers never does it, and Transformers 5 does not for a BPE, as Llama's are, whatever the file says.
#
# Whoever serves a fine-tuned model in JavaScript, whose answers have a notation or code in them, must write false into the
# file, or decode with {clean_up_tokenization_spaces: false}. Otherwise exact comparisons of answers fail, or hold, only there.
#
# Output seen:
#   text: inform(name [A , B] . rating ' s' !) print ('a' , "it 's")
#   tokenizers: equal True
#   transformers, None in the file: equal True
#   transformers, True in the file: equal True
#   transformers, False in the file: equal True
#   JavaScript, {}: ids equal true, inform(name [A, B]. rating's'!) print ('a', "it's")
#   JavaScript, {"clean_up_tokenization_spaces":true}: ids equal true, inform(name [A, B]. rating's'!) print ('a', "it's")
#   JavaScript, {"clean_up_tokenization_spaces":false}: ids equal true, equal
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check transformers==5.18.0 tokenizers==0.23.2
echo '{"name": "none", "private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @huggingface/tokenizers@0.2.0 >&2
cat >decode.py <<'PYTHON'
import json
import pathlib

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

text = "inform(name [A , B] . rating ' s' !) print ('a' , \"it 's\")"
bytes_only = {letter: i for i, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
tokenizer = Tokenizer(models.BPE(vocab=bytes_only, merges=[]))
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
ids = tokenizer.encode(text).ids
print("text:", text)
print("tokenizers: equal", tokenizer.decode(ids) == text)
assert tokenizer.decode(ids) == text
configs = {}
for value in [None, True, False]:
    configs[value] = {} if value is None else {"clean_up_tokenization_spaces": value}
    decoded = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **configs[value]).decode(ids)
    print("transformers,", value, "in the file: equal", decoded == text)
    assert decoded == text, "behaves otherwise now"
pathlib.Path("tokenizer.json").write_text(tokenizer.to_str())
pathlib.Path("cases.json").write_text(json.dumps({"text": text, "ids": ids, "configs": list(configs.values())}))
PYTHON
cat >decode.mjs <<'JAVASCRIPT'
import { readFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";

const { text, ids, configs } = JSON.parse(readFileSync("cases.json"));
for (const config of configs) {
  const tokenizer = new Tokenizer(JSON.parse(readFileSync("tokenizer.json")), config);
  const same = JSON.stringify(tokenizer.encode(text).ids) === JSON.stringify(ids);
  const decoded = tokenizer.decode(ids);
  console.log(`JavaScript, ${JSON.stringify(config)}: ids equal ${same}, ${decoded === text ? "equal" : decoded}`);
}
JAVASCRIPT
venv/bin/python decode.py 2>log || { cat log; exit 1; }
node decode.mjs >out
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
same="ids equal true, inform(name [A, B]. rating's'!) print ('a', \"it's\")"
expect "JavaScript, {}: $same"
expect "JavaScript, {\"clean_up_tokenization_spaces\":true}: $same"
expect 'JavaScript, {"clean_up_tokenization_spaces":false}: ids equal true, equal'

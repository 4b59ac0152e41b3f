#!/bin/sh
# @huggingface/transformers 4.3.2 (npm; Transformers.js), transformers 5.18.0, torch 2.13.0, numpy 2.4.6, onnx 1.23.1, CPython 3,
# Node from 20 on with npm.
#
# generate of Transformers.js ends a batch only if the last token of every row is an end of text in the same step. A row
# that ended before the others goes on with what the model says after an end, where Transformers fills it with the padding
# token; then its last token is no end any more, so a batch usually runs up to max_new_tokens, and all rows have more than
# their answers. The text-generation pipeline, which takes a list of prompts, removes the end markers, and what follows them
# looks like part of the answer. There is no message. (EosTokenCriteria in generation/stopping_criteria.js looks at the last
# token alone, and generate in models/modeling_utils.js has a comment in the place of the rows that are done.)
#
# Whoever evaluates a model in JavaScript must give one prompt at a time, or cut each row of generate behind its first end.
#
# Output seen, for a model that goes from a to b to the end of text, from e to f, g and the end, and says "user" again and
# again after an end:
#   Python, ['a']: tokens ['a b <end>'], texts ['a b']
#   Python, ['e']: tokens ['e f g <end>'], texts ['e f g']
#   Python, ['a', 'e']: tokens ['a b <end> <pad>', 'e f g <end>'], texts ['a b', 'e f g']
#   JavaScript, ['a']: tokens ['a b <end>'], texts ['a b']
#   JavaScript, ['e']: tokens ['e f g <end>'], texts ['e f g']
#   JavaScript, ['a', 'e']: tokens ['a b <end> user user user user user user', 'e f g <end> user user user user user'], texts ['a b user user user user user user', 'e f g user user user user user']
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check transformers==5.18.0 torch==2.13.0 numpy==2.4.6 onnx==1.23.1
echo '{"name": "none", "private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @huggingface/transformers@4.3.2 >&2
cat >write.py <<'PYTHON'
import json
import os

import numpy
from onnx import TensorProto, helper, numpy_helper, save

# a model whose next token depends on the last one alone; its cache is not used
WORDS = ["<pad>", "<end>", "a", "b", "e", "f", "g", "user"]
NEXT = {"a": "b", "b": "<end>", "e": "f", "f": "g", "g": "<end>", "<end>": "user", "user": "user", "<pad>": "<pad>"}
table = numpy.zeros((len(WORDS), len(WORDS)), "float32")
for word, following in NEXT.items():
    table[WORDS.index(word), WORDS.index(following)] = 1
os.makedirs("model/onnx")
names = ["key", "value"]
value = helper.make_tensor_value_info
inputs = [value(name, TensorProto.INT64, ["batch", name]) for name in ["input_ids", "attention_mask"]]
inputs += [value(f"past_key_values.0.{name}", TensorProto.FLOAT, ["batch", 1, "past", 1]) for name in names]
outputs = [value("logits", TensorProto.FLOAT, ["batch", "input_ids", len(table)])]
outputs += [value(f"present.0.{name}", TensorProto.FLOAT, ["batch", 1, "all", 1]) for name in names]
nodes = [
    helper.make_node("Gather", ["table", "input_ids"], ["logits"]),
    helper.make_node("Cast", ["input_ids"], ["numbers"], to=TensorProto.FLOAT),
    helper.make_node("Unsqueeze", ["numbers", "axes"], ["new"]),
]
nodes += [helper.make_node("Concat", [f"past_key_values.0.{name}", "new"], [f"present.0.{name}"], axis=2) for name in names]
weights = [numpy_helper.from_array(table, "table"), numpy_helper.from_array(numpy.array([1, 3]), "axes")]
graph = helper.make_graph(nodes, "pairs", inputs, outputs, weights)
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), "model/onnx/model.onnx")
numpy.save("model/table.npy", table)
special = [
    {"id": id, "content": WORDS[id], "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    for id in range(2)
]
files = {
    "config": {
        "model_type": "llama",
        "vocab_size": len(WORDS),
        "hidden_size": 1,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "num_hidden_layers": 1,
        "max_position_embeddings": 4096,
    },
    "generation_config": {"eos_token_id": 1, "pad_token_id": 0},
    "tokenizer_config": {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<end>",
        "pad_token": "<pad>",
        "clean_up_tokenization_spaces": False,
    },
    "tokenizer": {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {word: id for id, word in enumerate(WORDS)}, "unk_token": "<pad>"},
    },
}
for name, content in files.items():
    json.dump(content, open(f"model/{name}.json", "w"))
PYTHON
cat >generate.py <<'PYTHON'
import numpy
import torch
from transformers import AutoConfig, AutoTokenizer, GenerationConfig, GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast


class Pairs(PreTrainedModel, GenerationMixin):
    def __init__(self, folder):
        super().__init__(AutoConfig.from_pretrained(folder))
        self.table = torch.nn.Parameter(torch.from_numpy(numpy.load(f"{folder}/table.npy")))
        self.generation_config = GenerationConfig.from_pretrained(folder)

    def forward(self, input_ids, **others):
        return CausalLMOutputWithPast(logits=self.table[input_ids])


model, tokenizer = Pairs("model"), AutoTokenizer.from_pretrained("model", padding_side="left")
for prompts in [["a"], ["e"], ["a", "e"]]:
    inputs = tokenizer(prompts, return_tensors="pt", padding=True, return_token_type_ids=False)
    ids = model.generate(**inputs, max_new_tokens=8, use_cache=False)
    texts = tokenizer.batch_decode(ids, skip_special_tokens=True)
    print(f"Python, {prompts}: tokens {[tokenizer.decode(row) for row in ids]}, texts {texts}")
PYTHON
cat >generate.mjs <<'JAVASCRIPT'
import { env, pipeline } from "@huggingface/transformers";

env.allowRemoteModels = false;
env.localModelPath = "./";
const generator = await pipeline("text-generation", "model", { dtype: "fp32", device: "cpu" });
const list = (texts) => `[${texts.map((text) => `'${text}'`).join(", ")}]`;
for (const prompts of [["a"], ["e"], ["a", "e"]]) {
  const inputs = generator.tokenizer(prompts, { padding: true });
  const ids = await generator.model.generate({ ...inputs, max_new_tokens: 8 });
  const answers = await generator(prompts, { max_new_tokens: 8 });
  const texts = answers.flat(2).map((answer) => answer.generated_text);
  console.log(`JavaScript, ${list(prompts)}: tokens ${list(generator.tokenizer.batch_decode(ids))}, texts ${list(texts)}`);
}
JAVASCRIPT
venv/bin/python write.py
venv/bin/python generate.py 2>log >out || { cat log; exit 1; }
node generate.mjs >>out
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'Python, ['\''a'\'']: tokens ['\''a b <end>'\''], texts ['\''a b'\'']'
expect 'Python, ['\''e'\'']: tokens ['\''e f g <end>'\''], texts ['\''e f g'\'']'
expect 'Python, ['\''a'\'', '\''e'\'']: tokens ['\''a b <end> <pad>'\'', '\''e f g <end>'\''], texts ['\''a b'\'', '\''e f g'\'']'
expect 'JavaScript, ['\''a'\'']: tokens ['\''a b <end>'\''], texts ['\''a b'\'']'
expect 'JavaScript, ['\''e'\'']: tokens ['\''e f g <end>'\''], texts ['\''e f g'\'']'
expect 'JavaScript, ['\''a'\'', '\''e'\'']: tokens ['\''a b <end> user user user user user user'\'', '\''e f g <end> user user user user user'\''], texts ['\''a b user user user user user user'\'', '\''e f g user user user user user'\'']'

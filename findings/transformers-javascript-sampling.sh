#!/bin/sh
# @huggingface/transformers 4.3.2 (npm; Transformers.js), transformers 5.18.0, torch 2.13.0, numpy 2.4.6, onnx 1.23.1, CPython 3,
# Node from 20 on with npm.
#
# generate of Transformers.js takes the settings of Transformers, and its documentation describes each of them. Of those
# that narrow what is drawn, top_k and temperature alone count. top_p, typical_p and epsilon_cutoff have no effect: tokens
# of the tail come that Transformers never draws. A top_p in generation_config.json, as most models have it, has none either
# (not run here). num_beams gives what greedy search gives, and num_return_sequences one text. There is no message.
# (_get_logits_processor in models/modeling_utils.js has a comment in the place of top_p, and the loop over the beams in
# generate ends after the first.)
#
# Whoever serves a model in JavaScript that is to be sampled as in Python, or compares answers of both, needs a
# logits_processor of his own, or a small top_k.
#
# Output seen: the number of texts, and the counts of 2000 tokens of probability 0.6, 0.2, 0.1 and 0.1 (in JavaScript they vary);
# of the searches the path, where 1 2 has the probability 0.2, and 3 4 has 0.4:
#   {'top_k': 1}: Python 1 of [2000, 0, 0, 0], JavaScript 1 of [2000, 0, 0, 0]
#   {'temperature': 0.05}: Python 1 of [2000, 0, 0, 0], JavaScript 1 of [2000, 0, 0, 0]
#   {'top_p': 0.5}: Python 1 of [2000, 0, 0, 0], JavaScript 1 of [1224, 382, 201, 193]
#   {'typical_p': 0.1}: Python 1 of [0, 2000, 0, 0], JavaScript 1 of [1172, 395, 216, 217]
#   {'epsilon_cutoff': 0.3}: Python 1 of [2000, 0, 0, 0], JavaScript 1 of [1183, 381, 219, 217]
#   {'do_sample': False}: Python 1 of [1, 2], JavaScript 1 of [1, 2]
#   {'do_sample': False, 'num_beams': 4}: Python 1 of [3, 4], JavaScript 1 of [1, 2]
#   {'num_return_sequences': 3}: Python 3 of [1191, 390, 230, 189], JavaScript 1 of [1224, 402, 184, 190]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check transformers==5.18.0 torch==2.13.0 numpy==2.4.6 onnx==1.23.1
echo '{"name": "none", "private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @huggingface/transformers@4.3.2 >&2
cat >settings.json <<'JSON'
[
  {"top_k": 1},
  {"temperature": 0.05},
  {"top_p": 0.5},
  {"typical_p": 0.1},
  {"epsilon_cutoff": 0.3},
  {"do_sample": false},
  {"do_sample": false, "num_beams": 4},
  {"num_return_sequences": 3}
]
JSON
cat >write.py <<'PYTHON'
import json
import os

import numpy
from onnx import TensorProto, helper, numpy_helper, save


def write(folder, table):
    """Writes a model whose next token depends on the last one alone; its cache is not used."""
    os.makedirs(f"{folder}/onnx")
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
    nodes += [
        helper.make_node("Concat", [f"past_key_values.0.{name}", "new"], [f"present.0.{name}"], axis=2) for name in names
    ]
    weights = [numpy_helper.from_array(table, "table"), numpy_helper.from_array(numpy.array([1, 3]), "axes")]
    graph = helper.make_graph(nodes, "pairs", inputs, outputs, weights)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), f"{folder}/onnx/model.onnx")
    numpy.save(f"{folder}/table.npy", table)
    config = {
        "model_type": "llama",
        "vocab_size": len(table),
        "hidden_size": 1,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "num_hidden_layers": 1,
        "max_position_embeddings": 4096,
    }
    json.dump(config, open(f"{folder}/config.json", "w"))


draws = numpy.log(numpy.tile(numpy.float32([0.6, 0.2, 0.1, 0.1]), (4, 1)))
write("draws", draws)
paths = numpy.full((6, 6), 1e-9, "float32")
paths[0, [1, 3, 5]] = 0.6, 0.4, 1e-9
paths[1, [2, 3, 4]] = 1 / 3
paths[3, 4] = 1
paths[[2, 4, 5], 5] = 1
write("paths", numpy.log(paths))
PYTHON
cat >generate.py <<'PYTHON'
import json
import logging

import numpy
import torch
from transformers import AutoConfig, GenerationConfig, GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

logging.disable(logging.WARNING)


class Pairs(PreTrainedModel, GenerationMixin):
    def __init__(self, folder):
        super().__init__(AutoConfig.from_pretrained(folder))
        self.table = torch.nn.Parameter(torch.from_numpy(numpy.load(f"{folder}/table.npy")))
        self.generation_config = GenerationConfig(do_sample=True)

    def forward(self, input_ids, **others):
        return CausalLMOutputWithPast(logits=self.table[input_ids])


torch.manual_seed(0)
draws, paths = Pairs("draws"), Pairs("paths")
prompt = {"input_ids": torch.tensor([[0]]), "attention_mask": torch.tensor([[1]])}
results = []
for settings in json.load(open("settings.json")):
    searched = settings.get("do_sample") is False
    ids = (paths if searched else draws).generate(**prompt, max_new_tokens=2 if searched else 2000, use_cache=False, **settings)
    results.append([len(ids), ids[0, 1:].tolist() if searched else torch.bincount(ids[0, 1:], minlength=4).tolist()])
print(json.dumps(results))
PYTHON
cat >generate.mjs <<'JAVASCRIPT'
import { readFileSync } from "node:fs";
import { AutoModelForCausalLM, Tensor, env } from "@huggingface/transformers";

env.allowRemoteModels = false;
env.localModelPath = "./";
const load = (folder) => AutoModelForCausalLM.from_pretrained(folder, { dtype: "fp32", device: "cpu" });
const [draws, paths] = [await load("draws"), await load("paths")];
const prompt = { input_ids: new Tensor("int64", [0n], [1, 1]), attention_mask: new Tensor("int64", [1n], [1, 1]) };
const results = [];
for (const settings of JSON.parse(readFileSync("settings.json"))) {
  const searched = settings.do_sample === false;
  const all = await (searched ? paths : draws)
    .generate({ ...prompt, do_sample: true, max_new_tokens: searched ? 2 : 2000, ...settings });
  const ids = all.tolist()[0].slice(1).map(Number);
  results.push([all.dims[0], searched ? ids : [0, 1, 2, 3].map((token) => ids.filter((id) => id === token).length)]);
}
console.log(JSON.stringify(results));
JAVASCRIPT
venv/bin/python write.py
venv/bin/python generate.py >python.json
node generate.mjs >javascript.json
venv/bin/python - <<'PYTHON'
import json

settings, python, javascript = (json.load(open(f"{name}.json")) for name in ["settings", "python", "javascript"])
results = []
for setting, one, other in zip(settings, python, javascript):
    print(f"{setting}: Python {one[0]} of {one[1]}, JavaScript {other[0]} of {other[1]}")
    results.append((*one, *other))
first = [2000, 0, 0, 0]


def all_come(counts):
    return 1100 < counts[0] < 1300 and all(count > 100 for count in counts)


assert results[:2] == [(1, first, 1, first)] * 2
assert [result[1] for result in results[2:5]] == [first, [0, 2000, 0, 0], first]
assert results[5:7] == [(1, [1, 2], 1, [1, 2]), (1, [3, 4], 1, [1, 2])], "behaves otherwise now"
assert all(all_come(result[3]) for result in results[2:5]), "behaves otherwise now"
assert [result[0] for result in results[7:]] == [3] and [result[2] for result in results[7:]] == [1], "behaves otherwise now"
PYTHON

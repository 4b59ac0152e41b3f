#!/bin/sh
# @huggingface/jinja 0.5.11 (npm; the chat templates of Transformers.js), jinja2 3.1.6 (those of Transformers), CPython 3, Node
# from 20 on with npm.
#
# Chat templates give other prompts in JavaScript than in Python, without a message:
# - strip, lstrip and rstrip ignore their argument. A template that says strip('\n'), as those of Qwen 3 do, takes the spaces
#   away too: an answer that begins with an indented line of code loses the indentation. strip('<>') takes nothing but white
#   space.
# - == compares lists and mappings by identity: [] == [] is false. A template that asks tools == [] goes the other way. Text
#   and numbers are compared as JavaScript does: "1" == 1 and "" == 0 are true, and so is a missing field == none.
# - % of a negative number is negative, and "BOB" | capitalize stays as it is.
#
# Whoever writes a template for a model that is served in both should use `trim`, lengths and `is defined`, and compare the
# token ids of a conversation with code in it.
#
# Output seen, for a content of two spaces, x and a newline:
#   <|assistant|>{{ content.strip('\n') }}<|end|>: Python '<|assistant|>  x<|end|>', JavaScript '<|assistant|>x<|end|>'
#   <|assistant|>{{ content.lstrip('\n') }}<|end|>: Python '<|assistant|>  x\n<|end|>', JavaScript '<|assistant|>x\n<|end|>'
#   {{ '<think>'.strip('<>') }}: Python 'think', JavaScript '<think>'
#   {% if tools == [] %}no tools{% else %}tools{% endif %}: Python 'no tools', JavaScript 'tools'
#   {% if count == 1 %}one{% else %}other{% endif %}: Python 'other', JavaScript 'one'
#   {% if missing == none %}none{% else %}other{% endif %}: Python 'other', JavaScript 'none'
#   {{ (0 - 1) % 3 }}: Python '2', JavaScript '-1'
#   {{ 'BOB' | capitalize }}: Python 'Bob', JavaScript 'BOB'
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jinja2==3.1.6
echo '{"name": "none", "private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @huggingface/jinja@0.5.11 >&2
cat >templates.json <<'JSON'
[
  "<|assistant|>{{ content.strip('\\n') }}<|end|>",
  "<|assistant|>{{ content.lstrip('\\n') }}<|end|>",
  "{{ '<think>'.strip('<>') }}",
  "{% if tools == [] %}no tools{% else %}tools{% endif %}",
  "{% if count == 1 %}one{% else %}other{% endif %}",
  "{% if missing == none %}none{% else %}other{% endif %}",
  "{{ (0 - 1) % 3 }}",
  "{{ 'BOB' | capitalize }}"
]
JSON
cat >values.json <<'JSON'
{"content": "  x\n", "tools": [], "count": "1"}
JSON
cat >render.py <<'PYTHON'
import json

from jinja2.sandbox import ImmutableSandboxedEnvironment

environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
values = json.load(open("values.json"))
print(json.dumps([environment.from_string(text).render(**values) for text in json.load(open("templates.json"))]))
PYTHON
cat >render.mjs <<'JAVASCRIPT'
import { readFileSync } from "node:fs";
import { Template } from "@huggingface/jinja";

const values = JSON.parse(readFileSync("values.json"));
const templates = JSON.parse(readFileSync("templates.json"));
console.log(JSON.stringify(templates.map((text) => new Template(text).render(values))));
JAVASCRIPT
venv/bin/python render.py >python.json
node render.mjs >javascript.json
venv/bin/python - <<'PYTHON'
import json

templates, python, javascript = (json.load(open(f"{name}.json")) for name in ["templates", "python", "javascript"])
for template, one, other in zip(templates, python, javascript):
    print(f"{template}: Python {one!r}, JavaScript {other!r}")
assert python == ["<|assistant|>  x<|end|>", "<|assistant|>  x\n<|end|>", "think", "no tools", "other", "other", "2", "Bob"]
assert javascript == ["<|assistant|>x<|end|>", "<|assistant|>x\n<|end|>", "<think>", "tools", "one", "none", "-1", "BOB"], \
    "behaves otherwise now"
PYTHON

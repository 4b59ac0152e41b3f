#!/bin/sh
# Makes the base model that is in the jar, in the folder work. Its card, README.md beside the model in the resources, says what it saw.
#
#   ./mvnw -DskipTests package && cd tools/base && ./make.sh
set -e
# The last bits follow from the instructions and the length of vectors: those of any processor with AVX2.
export BAYU_JAVA_OPTS='-Dbayu.instructions=avx2 -Dbayu.vectorBits=256'
bayu=../../bayu
[ ! -e work ] || { echo "tools/base/work exists: remove it first." >&2; exit 1; }
mkdir work

$bayu sentences --rows 128000 --seed 1 --output work/rows.jsonl
head -n 20000 work/rows.jsonl > work/tokenizer.jsonl
$bayu train-tokenizer --input work/tokenizer.jsonl --vocab_size 1024 --output work/tokenizer
$bayu init --config config.json --tokenizer work/tokenizer --dtype f32 --seed 1 --output work/initial
$bayu train --config_path base.yaml

$bayu sentences --rows 48000 --seed 2 --strange --output work/strange.jsonl
$bayu train --config_path strange.yaml
$bayu merge --model work/models/strange/step-1500 --dtype bf16 --output work/bf16
echo "The model is in tools/base/work/bf16."

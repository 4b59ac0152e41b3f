#!/bin/sh
# transformers 5.18.0, accelerate 1.15.0, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# train_loss, which the Trainer logs at the end, returns, and writes to the trackers, is said to be the mean of all steps.
# After resume_from_checkpoint it is the sum over the steps since then, divided by all steps. A run that was resumed halfway
# has half the loss of one that was not, though the weights have the same bits. The lines of the log in between agree.
#
# Whoever compares runs by train_loss prefers those that were interrupted, the later the better.
#
# Output seen, 20 steps:
#   in one go: train_loss 3.87
#   resumed after 10: train_loss 1.92, after 18: train_loss 0.38
#   weights equal True, last logged loss equal True
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.18.0 accelerate==1.15.0 \
  numpy==2.4.6
cd "$folder"
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 TQDM_DISABLE=1 "$folder/venv/bin/python" - <<'PYTHON'
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments, logging

logging.set_verbosity_error()
torch.set_num_threads(1)
generator = torch.Generator().manual_seed(0)
rows = [{"input_ids": row, "labels": row} for row in torch.randint(0, 50, (64, 12), generator=generator)]


def run(resume=None):
    torch.manual_seed(0)
    sizes = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, vocab_size=50)
    model = LlamaForCausalLM(LlamaConfig(**sizes))
    arguments = TrainingArguments(
        "run",
        max_steps=20,
        logging_steps=2,
        save_steps=2,
        save_total_limit=20,
        learning_rate=1e-3,
        use_cpu=True,
        report_to=[],
        disable_tqdm=True,
    )
    trainer = Trainer(model, arguments, train_dataset=rows)
    trainer.log = lambda logs, *_: trainer.state.log_history.append(logs)
    mean = trainer.train(resume_from_checkpoint=resume).training_loss
    logged = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    return mean, logged[-1], torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


whole, last, weights = run()
half, half_last, half_weights = run("run/checkpoint-10")
late, late_last, late_weights = run("run/checkpoint-18")
print(f"in one go: train_loss {whole:.2f}")
print(f"resumed after 10: train_loss {half:.2f}, after 18: train_loss {late:.2f}")
same = torch.equal(weights, half_weights) and torch.equal(weights, late_weights)
equal = last == half_last == late_last
print(f"weights equal {same}, last logged loss equal {equal}")
assert same and equal
assert abs(half / whole - 0.5) < 0.05 and abs(late / whole - 0.1) < 0.02, "behaves otherwise now"
PYTHON

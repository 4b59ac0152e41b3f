#!/bin/sh
# transformers 5.18.0, accelerate 1.15.0, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# The Trainer does not add a loss that is NaN or infinite to the logged one: it adds the mean of the steps before it since
# the last line of the log, and that mean is 0 if there are none. So a run whose weights are all NaN logs the loss 0.0, the
# best that there is, and returns it as train_loss. Only grad_norm says nan. logging_nan_inf_filter=False shows the loss.
#
# Whoever compares runs by their logged loss, or stops at a loss that is not finite, takes a diverged run for the best.
#
# Output seen, for a learning rate that diverges after the first update:
#   by default: loss 3.9, 0.0, 0.0, 0.0, train_loss 0.97, weights finite False
#   logging_nan_inf_filter=False: loss 3.9, nan, nan, nan, train_loss nan, weights finite False
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.18.0 accelerate==1.15.0 \
  numpy==2.4.6
cd "$folder"
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - <<'PYTHON'
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments, logging

logging.set_verbosity_error()
row = torch.arange(12)
rows = [{"input_ids": row + i, "labels": row + i} for i in range(32)]


def run(**settings):
    torch.manual_seed(0)
    sizes = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, vocab_size=50)
    model = LlamaForCausalLM(LlamaConfig(**sizes))
    arguments = TrainingArguments(
        "run",
        max_steps=4,
        logging_steps=1,
        learning_rate=float("inf"),
        lr_scheduler_type="constant",
        optim="sgd",
        use_cpu=True,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        **settings,
    )
    trainer = Trainer(model, arguments, train_dataset=rows)
    trainer.log = lambda logs, *_: trainer.state.log_history.append(logs)
    mean = trainer.train().training_loss
    logged = [round(line["loss"], 2) for line in trainer.state.log_history if "loss" in line]
    finite = all(parameter.isfinite().all() for parameter in model.parameters())
    return logged, round(mean, 2), finite


for name, settings in (("by default", {}), ("logging_nan_inf_filter=False", {"logging_nan_inf_filter": False})):
    logged, mean, finite = run(**settings)
    print(f"{name}: loss {', '.join(map(str, logged))}, train_loss {mean}, weights finite {finite}")
    wanted = [0.0] * 3 if not settings else [float("nan")] * 3
    assert str(logged[1:]) == str(wanted) and not finite, "behaves otherwise now"
    assert (mean == mean) == (not settings), "behaves otherwise now"
PYTHON

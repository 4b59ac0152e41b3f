#!/bin/sh
# trl 1.13.0, transformers 5.18.0, accelerate 1.15.0, datasets 5.0.1, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# num_tokens, which SFTTrainer of TRL logs, counts the tokens of the training so far, all epochs together. The count is
# not in the checkpoint: after resume_from_checkpoint it begins at 0 (_total_train_tokens in trl/trainer/sft_trainer.py),
# while the steps, the epochs and the rate go on. So curves over num_tokens fall back, and a run that was resumed seems to
# have come to its loss with fewer tokens. DPOTrainer, KTOTrainer and RewardTrainer have the same lines (not run here);
# GRPOTrainer counts in the trainer's state, which is saved. Nothing warns of it.
#
# Whoever compares runs by tokens must set include_num_input_tokens_seen="non_padding", whose number is saved, and read
# num_input_tokens_seen.
#
# Output seen, at the last of 8 steps:
#   in one go: step 8, num_tokens 160, num_input_tokens_seen 160
#   resumed after 4: step 8, num_tokens 80, num_input_tokens_seen 160
#   resumed after 6: step 8, num_tokens 40, num_input_tokens_seen 160
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check trl==1.13.0 transformers==5.18.0 accelerate==1.15.0 \
  datasets==5.0.1 torch==2.13.0 numpy==2.4.6
cd "$folder"
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" -W ignore - 2>log <<'PYTHON' || { cat log; exit 1; }
import torch
from datasets import Dataset, disable_progress_bars
from tokenizers import Tokenizer, models
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, PrinterCallback
from trl import SFTConfig, SFTTrainer

disable_progress_bars()
torch.set_num_threads(1)
tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "<eos>": 1, "<pad>": 2}, unk_token="<unk>"))
tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", eos_token="<eos>", pad_token="<pad>")
rows = Dataset.from_dict({"input_ids": [[3 + row % 40] * 9 + [1] for row in range(32)]})


def run(resume=None):
    torch.manual_seed(0)
    sizes = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, vocab_size=50)
    arguments = SFTConfig(
        "run",
        max_steps=8,
        per_device_train_batch_size=2,
        save_steps=2,
        logging_steps=1,
        include_num_input_tokens_seen="non_padding",
        use_cpu=True,
        bf16=False,
        report_to=[],
        disable_tqdm=True,
    )
    model = LlamaForCausalLM(LlamaConfig(**sizes, eos_token_id=1, pad_token_id=2))
    trainer = SFTTrainer(model, arguments, train_dataset=rows, processing_class=tokenizer)
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=resume)
    last = [line for line in trainer.state.log_history if "num_tokens" in line and "loss" in line][-1]
    return last["step"], int(last["num_tokens"]), last["num_input_tokens_seen"]


seen = {"in one go": run(), "resumed after 4": run("run/checkpoint-4"), "resumed after 6": run("run/checkpoint-6")}
for name, (step, tokens, counted) in seen.items():
    print(f"{name}: step {step}, num_tokens {tokens}, num_input_tokens_seen {counted}")
assert list(seen.values()) == [(8, 160, 160), (8, 80, 160), (8, 40, 160)], "behaves otherwise now"
PYTHON

#!/bin/sh
# transformers 5.18.0, accelerate 1.15.0, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# The Trainer divides the loss of a batch by gradient_accumulation_steps, unless the model's forward takes **kwargs: then it
# hands it the number of labels, and trusts the model to divide by that. In version 5 nearly every forward takes **kwargs, and
# more than 300 do not look at that number: T5, BART, BERT, the sequence classifiers of GPT-2 and Llama and others. Their
# losses and gradients are added over the batches and not averaged. With 4 batches the gradient is 4 times as large, as if
# the learning rate of SGD were; Adam hides it, but clipping does not, and the logged loss is 4 times too large too. Causal
# language models such as LlamaForCausalLM are right. There is no message. (Open as issue 47688 of Transformers.)
#
# Whoever trains such a model with accumulation must set trainer.model_accepts_loss_kwargs = False after making the trainer.
#
# Output seen, the logged loss and the norm of the gradient of 8 rows, in one batch and in 4 batches of 2:
#   LlamaForCausalLM: 3.91 0.72, in 4 batches 3.91 0.72, with the flag 3.91 0.72
#   Llama, 3 classes: 1.09 1.99, in 4 batches 4.35 7.96, with the flag 1.09 1.99
#   Llama, a number: 0.29 1.97, in 4 batches 1.16 7.86, with the flag 0.29 1.97
#   BERT, 3 classes: 1.10 0.24, in 4 batches 4.40 0.94, with the flag 1.10 0.24
#   T5: 4.46 1.02, in 4 batches 17.83 4.06, with the flag 4.46 1.02
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check transformers==5.18.0 accelerate==1.15.0 torch==2.13.0 \
  numpy==2.4.6
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - "$folder" <<'PYTHON'
import contextlib
import io
import sys

import torch
from transformers import (BertConfig, BertForSequenceClassification, LlamaConfig, LlamaForCausalLM,
                          LlamaForSequenceClassification, T5Config, T5ForConditionalGeneration, Trainer, TrainingArguments)

llama = dict(vocab_size=50, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, pad_token_id=0)
t5 = dict(vocab_size=50, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, dropout_rate=0, pad_token_id=0,
          decoder_start_token_id=0)
bert = dict(vocab_size=50, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, num_labels=3,
            hidden_dropout_prob=0, attention_probs_dropout_prob=0)
texts = torch.randint(3, 50, (8, 10), generator=torch.Generator().manual_seed(1))
language = [{"input_ids": text, "labels": text} for text in texts]
classes = [{"input_ids": text, "labels": text[0] % 3} for text in texts]
grades = [{"input_ids": text, "labels": text[0] / 50} for text in texts]


def first_step(model, rows, batches, flag=None):
    torch.manual_seed(0)
    arguments = TrainingArguments(sys.argv[1], per_device_train_batch_size=8 // batches, gradient_accumulation_steps=batches,
                                  max_steps=1, logging_steps=1, optim="sgd", max_grad_norm=1e9, report_to=[], use_cpu=True,
                                  save_strategy="no", disable_tqdm=True)
    trainer = Trainer(model(), arguments, train_dataset=rows)
    if flag is not None:
        trainer.model_accepts_loss_kwargs = flag
    with contextlib.redirect_stdout(io.StringIO()):
        trainer.train()
    log = trainer.state.log_history[0]
    return float(log["loss"]), float(log["grad_norm"])


for name, model, rows, factor in (
        ("LlamaForCausalLM", lambda: LlamaForCausalLM(LlamaConfig(**llama)), language, 1),
        ("Llama, 3 classes", lambda: LlamaForSequenceClassification(LlamaConfig(num_labels=3, **llama)), classes, 4),
        ("Llama, a number", lambda: LlamaForSequenceClassification(LlamaConfig(num_labels=1, **llama)), grades, 4),
        ("BERT, 3 classes", lambda: BertForSequenceClassification(BertConfig(**bert)), classes, 4),
        ("T5", lambda: T5ForConditionalGeneration(T5Config(**t5)), language, 4)):
    one, four, mended = first_step(model, rows, 1), first_step(model, rows, 4), first_step(model, rows, 4, False)
    print("%s: %.2f %.2f, in 4 batches %.2f %.2f, with the flag %.2f %.2f" % (name, *one, *four, *mended))
    for single, added, divided in zip(one, four, mended):
        assert abs(added / single - factor) < 1e-3 * factor, "behaves otherwise now"
        assert abs(divided / single - 1) < 1e-3
PYTHON

#!/bin/sh
# lightning 2.6.6, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# EMAWeightAveraging of Lightning keeps an average of the weights, and puts it in the model for each validation, in each
# checkpoint and at the end of the training. With update_starting_at_step, that average is the untrained model until this step:
# validation measures the model that training began with, state_dict of a checkpoint has its weights (the trained ones are
# under current_model_state), and a training that ends before this step gives back the untrained model
# (on_train_end of weight_averaging.py does not ask whether there was an update). With update_starting_at_epoch alone
# nothing is put off: the average begins at the first step. There is no message.
#
# Whoever starts an average late must see that the training is longer, also when it is stopped early or tried for a few steps.
#
# Output seen, for a weight that grows by 1 in each of 6 steps from 0, decay 0.5:
#   from the first step: validated [1.0, 1.5, 2.25, 3.12, 4.06, 5.03], at the end 5.03, saved 5.03
#   from step 3: validated [0.0, 0.0, 0.0, 4.0, 4.5, 5.25], at the end 5.25, saved 5.25
#   from step 10: validated [0.0, 0.0, 0.0, 0.0, 0.0, 0.0], at the end 0.00, saved 0.00
#   from epoch 1: validated [1.0, 1.5, 2.25, 3.12, 4.06, 5.03], at the end 5.03, saved 5.03
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check lightning==2.6.6 torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder" <<'PYTHON'
import logging
import sys

import lightning
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Growing(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.validated = []

    def training_step(self, batch, index):
        return -self.weight.sum()

    def validation_step(self, batch, index):
        self.validated.append(round(self.weight.item(), 2))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)


def run(name, **settings):
    model, rows = Growing(), torch.utils.data.DataLoader(range(10))
    callbacks = [EMAWeightAveraging(decay=0.5, **settings)]
    trainer = lightning.Trainer(max_steps=6, callbacks=callbacks, accelerator="cpu", logger=False, num_sanity_val_steps=0,
                                enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False,
                                val_check_interval=1, limit_val_batches=1)
    trainer.fit(model, rows, rows)
    trainer.save_checkpoint(sys.argv[1] + "/last.ckpt")
    saved = torch.load(sys.argv[1] + "/last.ckpt")["state_dict"]["weight"].item()
    print(f"{name}: validated {model.validated}, at the end {model.weight.item():.2f}, saved {saved:.2f}")
    return model.validated, round(model.weight.item(), 2), round(saved, 2)


always = run("from the first step")
late = run("from step 3", update_starting_at_step=3)
never = run("from step 10", update_starting_at_step=10)
epoch = run("from epoch 1", update_starting_at_epoch=1)
assert always[0] == [1, 1.5, 2.25, 3.12, 4.06, 5.03] and always[1] == always[2] == 5.03
assert late[0] == [0, 0, 0, 4, 4.5, 5.25], "behaves otherwise now"
assert never == ([0] * 6, 0, 0), "behaves otherwise now"
assert epoch == always, "behaves otherwise now"
PYTHON

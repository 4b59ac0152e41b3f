#!/bin/sh
# accelerate 1.15.0, lightning 2.6.6, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# With gradient accumulation over 4 batches, accelerate and Lightning divide each loss by 4 and update the weights at the
# end of an epoch with what is left. If the last update has one batch, its gradient is a quarter of that batch's: the rows at
# the end of each epoch count less than the others, and with SGD the step is a quarter of what the rate says. Where an
# epoch has fewer than 4 batches, as with a small data set, this is so for every step. There is no message.
#
# Whoever accumulates should choose a number that divides the batches of an epoch.
#
# Output seen, the gradient of each update for 9 batches whose gradients are 1:
#   accelerate [1.0, 1.0, 0.25]
#   lightning [1.0, 1.0, 0.25]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 accelerate==1.15.0 lightning==2.6.6 numpy==2.4.6
cd "$folder"
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - <<'PYTHON'
import logging
import warnings

import lightning
import torch
from accelerate import Accelerator
from torch.utils.data import DataLoader

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.simplefilter("ignore")
rows = torch.ones(18, 1)

accelerator = Accelerator(gradient_accumulation_steps=4, cpu=True)
layer = torch.nn.Linear(1, 1, bias=False)
layer, optimizer, loader = accelerator.prepare(layer, torch.optim.SGD(layer.parameters()), DataLoader(rows, batch_size=2))
first = []
for batch in loader:
    with accelerator.accumulate(layer):
        accelerator.backward(layer(batch).mean())
        if accelerator.sync_gradients:
            first.append(layer.weight.grad.item())
        optimizer.step()
        optimizer.zero_grad()
print("accelerate", first)


class Module(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1, bias=False)
        self.gradients = []

    def training_step(self, batch):
        return self.layer(batch).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters())

    def on_before_optimizer_step(self, _):
        self.gradients.append(self.layer.weight.grad.item())


module = Module()
trainer = lightning.Trainer(
    max_epochs=1,
    accumulate_grad_batches=4,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(module, DataLoader(rows, batch_size=2))
print("lightning", module.gradients)
assert first == [1.0, 1.0, 0.25], "behaves otherwise now"
assert module.gradients == [1.0, 1.0, 0.25], "behaves otherwise now"
PYTHON

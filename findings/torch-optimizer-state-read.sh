#!/bin/sh
# torch 2.13.0 on a CPU, numpy 2.4.6, CPython 3.
#
# get_optimizer_state_dict and get_state_dict of torch.distributed.checkpoint.state_dict, which distributed checkpoints are
# made with, change an optimizer that has not stepped yet: to have a state to return they call step() with gradients and a
# rate of 0 (_init_optim_state in state_dict.py). Adam and AdamW count that step, so their correction is one step ahead: the
# first real update is 0.74 of the rate, and the following ones are smaller, too. Momentum with dampening begins at zero and
# not with the first gradient, and Rprop stands still. So a checkpoint before the first step, or only a look at the state,
# gives another training than none, and the file says that one step is done. optimizer.state_dict() changes nothing.
#
# Whoever saves a checkpoint of step 0 must make a new optimizer afterwards, or write its own state_dict().
#
# Output seen, a weight of 1 after three steps of rate 0.1 with a gradient of 0.1:
#   AdamW: [0.9, 0.8, 0.7], after get_optimizer_state_dict [0.926, 0.84, 0.749]
#   SGD with dampening: [0.99, 0.98, 0.97], after get_optimizer_state_dict [0.999, 0.997, 0.994]
#   Rprop: [0.9, 0.78, 0.636], after get_optimizer_state_dict [1.0, 1.0, 1.0]
#   SGD: [0.99, 0.971, 0.944], after get_optimizer_state_dict [0.99, 0.971, 0.944]
#   AdamW, the state that is saved before the first step: step 1
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import torch
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict


def trained(kind, look, **settings):
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.ones_(model.weight)
    optimizer = kind(model.parameters(), lr=0.1, **settings)
    look(model, optimizer)
    weights = []
    for _ in range(3):
        model.weight.grad = torch.full((1, 1), 0.1)
        optimizer.step()
        weights.append(round(model.weight.item(), 3))
    return weights


for name, kind, settings, wanted in (
        ("AdamW", torch.optim.AdamW, dict(weight_decay=0), [0.926, 0.84, 0.749]),
        ("SGD with dampening", torch.optim.SGD, dict(momentum=0.9, dampening=0.9), [0.999, 0.997, 0.994]),
        ("Rprop", torch.optim.Rprop, {}, [1.0, 1.0, 1.0]),
        ("SGD", torch.optim.SGD, dict(momentum=0.9), [0.99, 0.971, 0.944])):
    plain = trained(kind, lambda model, optimizer: None, **settings)
    own = trained(kind, lambda model, optimizer: optimizer.state_dict(), **settings)
    read = trained(kind, get_optimizer_state_dict, **settings)
    print(f"{name}: {plain}, after get_optimizer_state_dict {read}")
    assert own == plain and read == wanted, "behaves otherwise now"
    assert (read == plain) == (name == "SGD"), "behaves otherwise now"
model = torch.nn.Linear(1, 1)
step = get_optimizer_state_dict(model, torch.optim.AdamW(model.parameters()))["state"]["weight"]["step"].item()
print(f"AdamW, the state that is saved before the first step: step {step:.0f}")
assert step == 1, "behaves otherwise now"
PYTHON

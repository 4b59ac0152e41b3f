#!/bin/sh
# orbax-checkpoint 0.12.4, jax 0.10.2, numpy 2.4.6, CPython 3.
#
# save of Orbax's CheckpointManager writes nothing, and says nothing, for a step that is not greater than the latest one in
# the folder (should_save in checkpoint_manager.py); it returns False, which training loops do not look at. So whoever
# goes back to an earlier checkpoint, to leave out bad data or to take another rate, and trains on in the same folder has no
# checkpoint until the old run's last step is passed: neither files nor an error. After an interruption latest_step() names
# the old run's step, and training goes on from the weights that were to be thrown away.
#
# Whoever goes back must delete the later steps first (manager.delete), or take a new folder.
#
# Output seen:
#   first run: steps [0, 10, 20, 30, 40]
#   from step 10 on, to 35: saved [False, False, False, False, False], steps [0, 10, 20, 30, 40]
#   restored after that, latest step 40: weights of the first run
#   after delete of the later steps: saved [True, True, True, True, True], steps [0, 10, 15, 20, 25, 30, 35]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check orbax-checkpoint==0.12.4 jax==0.10.2 jaxlib==0.10.2 \
  numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - "$folder/run" <<'PYTHON'
import sys

import numpy
import orbax.checkpoint as ocp


def open_folder():
    return ocp.CheckpointManager(sys.argv[1], options=ocp.CheckpointManagerOptions(enable_async_checkpointing=False))


def save(manager, steps, run):
    return [manager.save(step, args=ocp.args.StandardSave({"run": numpy.full(1, run)})) for step in steps]


with open_folder() as manager:
    save(manager, range(0, 50, 10), 1)
    print("first run: steps", manager.all_steps())
with open_folder() as manager:
    manager.restore(10, args=ocp.args.StandardRestore())
    saved = save(manager, range(15, 40, 5), 2)
    steps = manager.all_steps()
    print(f"from step 10 on, to 35: saved {saved}, steps {steps}")
with open_folder() as manager:
    latest = manager.latest_step()
    run = int(manager.restore(latest, args=ocp.args.StandardRestore())["run"][0])
    print(f"restored after that, latest step {latest}: weights of the {('first', 'second')[run - 1]} run")
    for step in (20, 30, 40):
        manager.delete(step)
    again = save(manager, range(15, 40, 5), 2)
    print(f"after delete of the later steps: saved {again}, steps {manager.all_steps()}")
assert not any(saved) and steps == [0, 10, 20, 30, 40] and run == 1, "behaves otherwise now"
assert all(again)
PYTHON

#!/bin/sh
# orbax-checkpoint 0.12.4, jax 0.10.2, numpy 2.4.6, CPython 3.
#
# A CheckpointManager of Orbax with best_fn and max_to_keep keeps the checkpoints of the best metric, unless one metric is
# NaN. It sorts the metrics (BestN in preservation_policy.py), and a NaN is neither less nor greater than a number, so what
# follows it passes for better than what was before it: the checkpoint of the diverged step is kept, best_step() names it,
# and the good one is deleted. If the loss is finite again afterwards, the worst may be kept. There is no message.
#
# Whoever keeps the best checkpoint must let best_fn turn NaN into the worst number, or not save such a step.
#
# Output seen, with max_to_keep=1 and best_mode="min":
#   losses [2.0, 1.0, 3.0]: kept [1.0], best 1.0
#   losses [2.0, 1.0, nan]: kept [nan], best nan
#   losses [1.0, 2.0, nan, 3.0]: kept [3.0], best 3.0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check orbax-checkpoint==0.12.4 jax==0.10.2 jaxlib==0.10.2 \
  numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - "$folder" <<'PYTHON'
import logging
import math
import sys

import numpy
import orbax.checkpoint as ocp

logging.disable(logging.ERROR)
WEIGHTS = {"weights": numpy.ones(2)}


def run(name, losses):
    options = ocp.CheckpointManagerOptions(max_to_keep=1, best_fn=lambda metrics: metrics["loss"], best_mode="min",
                                           enable_async_checkpointing=False)
    with ocp.CheckpointManager(f"{sys.argv[1]}/{name}", options=options) as manager:
        for step, loss in losses:
            manager.save(step, args=ocp.args.StandardSave(WEIGHTS), metrics={"loss": loss})
        return manager.all_steps(), manager.best_step()


cases = (([2.0, 1.0, 3.0], 1.0), ([2.0, 1.0, math.nan], math.nan), ([1.0, 2.0, math.nan, 3.0], 3.0))
for number, (losses, wanted) in enumerate(cases):
    kept, found = run(number, enumerate(losses))
    print("losses %s: kept %s, best %s" % (losses, [losses[step] for step in kept], losses[found]))
    assert [str(losses[step]) for step in kept] == [str(wanted)] and found in kept, "behaves otherwise now"
PYTHON

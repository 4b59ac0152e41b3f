#!/bin/sh
# thinc 8.3.13 (the machine learning library of spaCy), numpy 2.4.6, CPython 3.
#
# CategoricalCrossentropy and SequenceCategoricalCrossentropy of Thinc compute the gradient of the cross entropy, and as the
# loss the sum of the squares of that gradient (_get_loss_from_grad in thinc/loss.py). With normalize=True, the default, the
# gradient has been divided by the number of rows before it is squared: the loss of the same rows in batches twice as large
# is half. A row is worth 2 at most, however improbable its right answer is. The loss says that one model is better than
# another when the cross entropy says the opposite, and exp of it is no perplexity. L2Distance divides twice, too. There is
# no message. (A correction of 2022 is not in this version.)
#
# Whoever compares runs, or stops early, by this loss must compute the cross entropy himself; the training is not affected.
#
# Output seen:
#   unsure: loss 0.1250, cross entropy 0.6931
#   sure, once wrong: loss 0.1201, cross entropy 0.9855
#   sure, once very wrong: loss 0.1250, cross entropy 3.4614
#   unsure, the rows 8 times: loss 0.0156, cross entropy 0.6931
#   L2Distance of 4 and 32 rows that are wrong by 1: 0.2500, 0.0312
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check thinc==8.3.13 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy
from thinc.api import CategoricalCrossentropy, L2Distance

loss = CategoricalCrossentropy()


def rows(right):
    right = numpy.array(right, dtype="f")
    return numpy.stack([right, 1 - right], axis=1)


def values(guesses):
    truths = numpy.zeros(len(guesses), dtype="i")
    return float(loss.get_loss(guesses, truths)), float(-numpy.log(guesses[:, 0]).mean())


seen = {}
for name, guesses in (
    ("unsure", rows([0.5, 0.5, 0.5, 0.5])),
    ("sure, once wrong", rows([0.99, 0.99, 0.99, 0.02])),
    ("sure, once very wrong", rows([0.99, 0.99, 0.99, 1e-6])),
    ("unsure, the rows 8 times", rows([0.5] * 32)),
):
    seen[name] = values(guesses)
    print(f"{name}: loss {seen[name][0]:.4f}, cross entropy {seen[name][1]:.4f}")
distances = [float(L2Distance().get_loss(numpy.ones((n, 1), "f"), numpy.zeros((n, 1), "f"))) for n in (4, 32)]
print(f"L2Distance of 4 and 32 rows that are wrong by 1: {distances[0]:.4f}, {distances[1]:.4f}")
unsure, wrong = seen["unsure"], seen["sure, once wrong"]
assert wrong[0] < unsure[0] and wrong[1] > unsure[1], "behaves otherwise now"
assert abs(seen["unsure, the rows 8 times"][0] * 8 / unsure[0] - 1) < 1e-5 and distances == [1 / 4, 1 / 32]
PYTHON

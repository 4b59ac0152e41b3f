#!/bin/sh
# torchmetrics 1.9.0, sacrebleu 2.6.0, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# BLEUScore and SacreBLEUScore of torchmetrics have two faults. Smoothing is there for short answers, single or few, in
# which no group of four words is right: without it their BLEU is 0. With smooth=True it is 0 as well, since
# _bleu_score_compute in functional/text/bleu.py returns 0 for such answers before it smooths; only the others are
# smoothed. And if two references are equally near to an answer in length, the first one counts (_bleu_score_update),
# where BLEU, and sacrebleu, take the shorter one: the value depends on the order of the references. Nothing warns of it.
#
# Whoever scores single answers, short ones, or with several references should take sacrebleu.
#
# Output seen:
#   smoothed, three words of four right: BLEUScore 0.000, SacreBLEUScore 0.000, sacrebleu 0.658
#   smoothed, one more word: BLEUScore 0.639, SacreBLEUScore 0.639, sacrebleu 0.639
#   six words, references of four and eight: BLEUScore 1.000, SacreBLEUScore 1.000, sacrebleu 1.000
#   six words, references of eight and four: BLEUScore 0.717, SacreBLEUScore 0.717, sacrebleu 1.000
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torchmetrics==1.9.0 sacrebleu==2.6.0 torch==2.13.0 \
  numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from sacrebleu import corpus_bleu
from torchmetrics.text import BLEUScore, SacreBLEUScore


def smoothed(answer, reference):
    right = corpus_bleu([answer], [[reference]], smooth_method="add-k", smooth_value=1).score / 100
    return [score(smooth=True)([answer], [[reference]]).item() for score in (BLEUScore, SacreBLEUScore)] + [right]


def lengths(answer, references):
    right = corpus_bleu([answer], [[reference] for reference in references], smooth_method="none").score / 100
    return [score()([answer], [references]).item() for score in (BLEUScore, SacreBLEUScore)] + [right]


LONG, SHORT = "a b c d e f g h", "a b c d"
seen = {
    "smoothed, three words of four right": smoothed("the cat sat on", "the cat sat in"),
    "smoothed, one more word": smoothed("the cat sat on a mat", "the cat sat on the mat"),
    "six words, references of four and eight": lengths("a b c d e f", [SHORT, LONG]),
    "six words, references of eight and four": lengths("a b c d e f", [LONG, SHORT]),
}
for name, (plain, sacre, right) in seen.items():
    print(f"{name}: BLEUScore {plain:.3f}, SacreBLEUScore {sacre:.3f}, sacrebleu {right:.3f}")
first, second, third, fourth = seen.values()
assert first[:2] == [0, 0] and first[2] > 0.5 and abs(second[0] - second[2]) < 1e-3, "behaves otherwise now"
assert abs(third[1] - third[2]) < 1e-3 and fourth[1] < 0.8 and fourth[2] > 0.99, "behaves otherwise now"
PYTHON

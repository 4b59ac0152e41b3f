#!/bin/sh
# torchmetrics 1.9.0, torch 2.13.0, sacrebleu 2.6.0, numpy 2.4.6, CPython 3.
#
# CHRFScore and TranslationEditRate of torchmetrics say that they follow sacrebleu, but they are kind to bad answers. If
# nothing of an answer matches, CHRFScore counts its reference as empty (_calculate_sentence_level_chrf_score keeps a
# reference only if it scores above 0): a model that is right in one row and says nothing, or nonsense, in the other has
# chrF++ 1.0, or 0.99, in place of 0.56. TranslationEditRate has no edits for an empty answer (_translation_edit_rate is given
# the two in the wrong order): a model that never answers has the perfect rate 0. And a right answer of one word has chrF++
# 0.5, because the orders that so short a text does not have count as 0; sacrebleu leaves them out. Nothing warns of it.
#
# Whoever compares fine-tuned models by these two should take sacrebleu's corpus_chrf and corpus_ter.
#
# Output seen:
#   half empty: chrF++ 1.000 (sacrebleu 0.556), TER 0.000 (sacrebleu 0.500)
#   half nonsense: chrF++ 0.992 (sacrebleu 0.553), TER 0.500 (sacrebleu 0.500)
#   all empty: chrF++ 0.000 (sacrebleu 0.000), TER 0.000 (sacrebleu 1.000)
#   one word, right: chrF++ 0.500 (sacrebleu 1.000), TER 0.000 (sacrebleu 0.000)
#   half of a text: chrF++ 0.674 (sacrebleu 0.674), TER 0.385 (sacrebleu 0.385)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torchmetrics==1.9.0 torch==2.13.0 sacrebleu==2.6.0 \
  numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
from sacrebleu.metrics import CHRF, TER
from torchmetrics.text import CHRFScore, TranslationEditRate

call = "give_opinion ( name [ portal 2 ] , rating [ good ] )"
for name, answers, right, wanted in (
        ("half empty", ["", call], [call, call], (1, 0.556, 0, 0.5)),
        ("half nonsense", ["%%", call], [call, call], (0.992, 0.553, 0.5, 0.5)),
        ("all empty", ["", ""], [call, call], (0, 0, 0, 1)),
        ("one word, right", ["yes"], ["yes"], (0.5, 1, 0, 0)),
        ("half of a text", ["give_opinion ( name [ portal 2 ] )"], [call], (0.674, 0.674, 0.385, 0.385))):
    references = [[text] for text in right]
    scores = (CHRFScore()(answers, references).item(), CHRF(word_order=2).corpus_score(answers, [right]).score / 100,
              TranslationEditRate()(answers, references).item(), TER().corpus_score(answers, [right]).score / 100)
    print("%s: chrF++ %.3f (sacrebleu %.3f), TER %.3f (sacrebleu %.3f)" % (name, *scores))
    assert all(abs(score - value) < 0.001 for score, value in zip(scores, wanted)), "behaves otherwise now"
PYTHON

#!/bin/sh
# torchdata 0.11.0, torch 2.13.0, numpy 2.4.6, CPython 3.
#
# StatefulDataLoader of torchdata goes on within an epoch, in the same order, if it was made with shuffle=True. With a sampler
# of torch that has a seeded generator of its own (RandomSampler, WeightedRandomSampler, or one in a batch_sampler) its state
# has the number of rows that were given and not the generator. So a resumed epoch, other than the first, has the first epoch's
# order, without its first rows: some rows come twice, and others not at all. There is no message. And with shuffle=True and a
# generator, without worker processes, the epochs after the resumed one have another order than in a run without a break.
# The Loader of torchdata.nodes loses the order likewise, if samplers are used as nodes (MapStyleWrapper, SamplerWrapper).
#
# Whoever passes a sampler to StatefulDataLoader must take torchdata.stateful_dataloader.sampler.RandomSampler, or one with a
# state_dict of its own; in nodes even that one is resumed wrongly.
#
# Output seen, 12 rows, interrupted in the second epoch after 4:
#   RandomSampler: 4 rows twice, 4 not at all; next epoch as without a break False
#   batch_sampler: 4 rows twice, 4 not at all; next epoch as without a break False
#   WeightedRandomSampler: 2 rows twice, 2 not at all; next epoch as without a break False
#   torchdata's RandomSampler: 0 rows twice, 0 not at all; next epoch as without a break True
#   shuffle=True: 0 rows twice, 0 not at all; next epoch as without a break False
#   nodes, RandomSampler: 4 rows twice, 4 not at all; next epoch as without a break False
#   nodes, torchdata's RandomSampler: 4 rows twice, 4 not at all; next epoch as without a break False
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torchdata==0.11.0 torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch
from torch.utils.data import BatchSampler, RandomSampler, WeightedRandomSampler
from torchdata.nodes import Batcher, Loader, MapStyleWrapper
from torchdata.stateful_dataloader import StatefulDataLoader
from torchdata.stateful_dataloader.sampler import RandomSampler as StatefulRandomSampler

ROWS = list(range(12))


def seeded():
    return torch.Generator().manual_seed(3)


def nodes(sampler):
    rows = MapStyleWrapper(map_dataset=torch.arange(12), sampler=sampler(ROWS, generator=seeded()))
    return Loader(Batcher(rows, 4), restart_on_stop_iteration=True)


LOADERS = {
    "RandomSampler": lambda: StatefulDataLoader(ROWS, batch_size=4, sampler=RandomSampler(ROWS, generator=seeded())),
    "batch_sampler": lambda: StatefulDataLoader(
        ROWS, batch_sampler=BatchSampler(RandomSampler(ROWS, generator=seeded()), 4, False)),
    "WeightedRandomSampler": lambda: StatefulDataLoader(
        ROWS, batch_size=4, sampler=WeightedRandomSampler([1.0] * 12, 12, replacement=False, generator=seeded())),
    "torchdata's RandomSampler": lambda: StatefulDataLoader(
        ROWS, batch_size=4, sampler=StatefulRandomSampler(ROWS, generator=seeded())),
    "shuffle=True": lambda: StatefulDataLoader(ROWS, batch_size=4, shuffle=True, generator=seeded()),
    "nodes, RandomSampler": lambda: nodes(RandomSampler),
    "nodes, torchdata's RandomSampler": lambda: nodes(StatefulRandomSampler),
}


def epoch(loader):
    return [int(row) for batch in loader for row in batch]


for name, make in LOADERS.items():
    whole = make()
    first, second, third = (epoch(whole) for _ in range(3))
    broken = make()
    epoch(broken)
    batches = iter(broken)
    begun = [int(row) for row in next(batches)]
    state = broken.state_dict()
    resumed = make()
    resumed.load_state_dict(state)
    rest, after = epoch(resumed), epoch(resumed)
    twice, lost = len(set(begun) & set(rest)), len(set(ROWS) - set(begun) - set(rest))
    print(f"{name}: {twice} rows twice, {lost} not at all; next epoch as without a break {after == third}")
    wrong = name not in ("torchdata's RandomSampler", "shuffle=True")
    assert (rest == second[4:]) == (not wrong) and (rest == first[4:]) == wrong, "behaves otherwise now"
    assert (twice == lost > 0) == wrong and (after == third) == (name == "torchdata's RandomSampler"), "behaves otherwise now"
PYTHON

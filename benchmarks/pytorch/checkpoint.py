"""Checkpoints of a LoRA run, rank 8, of the shape of Llama 2 7B: Bayu's beside torch.save and torch.load of the same state, in
turns, in one folder. Both are on the disk when they are done (fsync of files and folder), and both replace the one before.

Prints the medians of the seconds and of the rounds' ratios, PyTorch's seconds through Bayu's.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import time

import torch

LAYERS = 32
PROJECTIONS = {"q": (4096, 4096), "k": (4096, 4096), "v": (4096, 4096), "o": (4096, 4096)} | {
    "gate": (4096, 11008),
    "up": (4096, 11008),
    "down": (11008, 4096),
}


def state():
    names = {}
    for layer in range(LAYERS):
        for projection, (inputs, outputs) in PROJECTIONS.items():
            names[f"{layer}.{projection}.A"] = torch.rand(8, inputs)
            names[f"{layer}.{projection}.B"] = torch.rand(outputs, 8)
    return {
        "parameters": names,
        "first": {name: torch.rand_like(value) for name, value in names.items()},
        "second": {name: torch.rand_like(value) for name, value in names.items()},
    }


def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def save(tensors, path):
    start = time.perf_counter()
    beside = path.with_suffix(".new")
    torch.save(tensors, beside)
    sync(beside)
    os.replace(beside, path)
    sync(path.parent)
    return time.perf_counter() - start


def load(tensors, path):
    """Into the tensors that are there, as a run does that goes on."""
    start = time.perf_counter()
    loaded = torch.load(path)
    for part, values in tensors.items():
        for name, value in values.items():
            value.copy_(loaded[part][name])
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="on the disk to measure")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--bayu", nargs=argparse.REMAINDER, required=True, help="the command of CheckpointTimes")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    bayu = subprocess.Popen(
        [*arguments.bayu, str(arguments.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    print(f"{int(bayu.stdout.readline()):,} bytes at most")
    tensors = state()
    path = arguments.folder / "state.pt"

    def ask(what):
        bayu.stdin.write(what + "\n")
        bayu.stdin.flush()
        return float(bayu.stdout.readline())

    for what, torchs in (("write", save), ("load", load)):
        times = []
        for turn in range(arguments.rounds + 1):
            pair = ask(what), torchs(tensors, path)
            if turn:  # the first is for compilers and caches
                times.append(pair)
        ratios = [other / own for own, other in times]
        print(
            f"{what}: Bayu {statistics.median(own for own, _ in times):.3f} s,"
            f" PyTorch {statistics.median(other for _, other in times):.3f} s,"
            f" ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        )
    bayu.stdin.close()
    bayu.wait()


if __name__ == "__main__":
    main()

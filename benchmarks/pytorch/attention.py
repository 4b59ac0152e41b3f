"""Causal attention, forward and backward, by PyTorch's scaled_dot_product_attention; in turns with Bayu's if its command
is given after --bayu.

Prints a table: medians of the rates in GFLOP/s, of the causal half's two products forward and five backward, and the
median, lowest and highest ratio of a round.
"""

import argparse
import statistics
import subprocess
import sys
import time

import torch
from torch.nn.functional import scaled_dot_product_attention

DTYPES = {"BF16": torch.bfloat16, "F32": torch.float32}


class TorchStep:
    """Queries, keys and values lie as a model's projections leave them, [tokens, heads, head_dim]."""

    def __init__(self, dtype, tokens, heads, head_dim):
        def random(*shape):
            return (torch.rand(shape) * 2 - 1).to(DTYPES[dtype])

        self.inputs = [random(1, tokens, heads, head_dim).requires_grad_() for _ in range(3)]
        self.dy = random(1, tokens, heads, head_dim)

    def run(self):
        q, k, v = (x.transpose(1, 2) for x in self.inputs)
        y = scaled_dot_product_attention(q, k, v, is_causal=True)
        torch.autograd.grad(y.transpose(1, 2), self.inputs, self.dy)


class BayuProcess:
    """Sends cases and the word to measure to org.bayu.benchmarks.AttentionRates."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            return float(self.process.stdout.readline())
        except (BrokenPipeError, ValueError):
            sys.exit("Bayu's process failed, as said above.")


def torch_rate(step, flops, seconds):
    # The process before may have spun for some milliseconds.
    time.sleep(0.02)
    start = time.perf_counter()
    steps = 0
    while time.perf_counter() - start < seconds:
        step.run()
        steps += 1
    return flops * steps / (time.perf_counter() - start) * 1e-9


def numbers(text):
    return [int(word) for word in text.split(",")]


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=numbers, default=[512, 2048])
    parser.add_argument("--heads", type=int, default=32)
    parser.add_argument("--head-dim", type=numbers, default=[64, 128])
    parser.add_argument("--dtype", choices=DTYPES, default="BF16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--millis", type=int, default=500, help="of a round, or one step")
    parser.add_argument("--warm-up", type=float, default=8, help="seconds in which Java compiles, for each case")
    parser.add_argument("--bayu", nargs=argparse.REMAINDER, default=[], help="the command of AttentionRates")
    return parser.parse_args()


def main():
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    seconds = arguments.millis / 1000
    bayu = BayuProcess([*arguments.bayu, str(arguments.millis)]) if arguments.bayu else None
    print(f"PyTorch {torch.__version__}, {arguments.dtype}, {arguments.heads} heads, {arguments.threads} threads\n")
    print("| tokens | head | PyTorch | Bayu | ratio | lowest–highest |\n|---:|---:|---:|---:|---:|---|")
    for tokens in arguments.tokens:
        for head_dim in arguments.head_dim:
            flops = 7 * 2 * head_dim * arguments.heads * tokens**2 / 2
            step = TorchStep(arguments.dtype, tokens, arguments.heads, head_dim)
            torch_rate(step, flops, seconds)
            if bayu:
                case = f"{arguments.dtype} {tokens} {arguments.heads} {head_dim} {arguments.threads}"
                start = time.perf_counter()
                bayu.ask(case)
                while time.perf_counter() - start < arguments.warm_up:
                    bayu.ask("")
            theirs, ours = [], []
            for _ in range(arguments.rounds):
                theirs.append(torch_rate(step, flops, seconds))
                ours.append(bayu.ask("") if bayu else float("nan"))
            ratios = [a / b for a, b in zip(ours, theirs)]
            print(
                f"| {tokens} | {head_dim} | {statistics.median(theirs):.0f} | {statistics.median(ours):.0f}"
                f" | {statistics.median(ratios):.2f} | {min(ratios):.2f}–{max(ratios):.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

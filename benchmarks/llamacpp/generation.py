"""New tokens a second of Bayu and of llama.cpp's llama-batched-bench, in turns, on the same weights.

A case 16x512 is 16 sequences after 512 tokens each. A turn starts each program once: Bayu's GenerationRates, which takes
the median of some rounds of 8 tokens, and llama-batched-bench, which computes 32 tokens a sequence (16 of several). Neither
counts loading and the prompts. Prints a table: medians of tokens/s, of the share of Bayu's own reading of weights, keys and
values, and the median, lowest and highest ratio of a turn.

With --first a turn starts each program anew for a single sequence, and the table says when the first token comes after
the command, and the rates of the 16 tokens after it and of the 64 after those.

A GGUF file of a model's folder: `python convert_hf_to_gguf.py D --outtype bf16 --outfile F`, of llama.cpp's sources.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import time


def bayu(arguments, sequences, tokens):
    command = [*arguments.bayu, arguments.model, "4", f"{sequences}x{tokens}"]
    line = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    rate, share = re.search(r": ([\d.]+) .*tokens/s, ([\d.]+) ", line).groups()
    return float(rate), float(share)


def llama_cpp(arguments, sequences, tokens):
    new = 32 if sequences == 1 else 16
    command = [arguments.llama_cpp / "llama-batched-bench", "-m", arguments.gguf, "-t", str(arguments.threads)]
    command += ["-c", str(sequences * (tokens + new)), "-npp", str(tokens), "-ntg", str(new), "-npl", str(sequences)]
    table = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    rows = [[cell.strip() for cell in line.strip("| \n").split("|")] for line in table.splitlines() if line.startswith("|")]
    return float(rows[-1][rows[0].index("S_TG t/s")])


def bayu_first(arguments, tokens):
    command = [*arguments.bayu[:-1], "org.bayu.benchmarks.FirstTokens", arguments.model, str(tokens)]
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        seconds = time.monotonic() - start
        rates = re.findall(r"([\d.]+) tokens/s", process.stdout.readline())
    return seconds, *(float(rate) for rate in rates)


def llama_cpp_first(arguments, tokens):
    command = [arguments.llama_cpp / "llama-batched-bench", "-m", arguments.gguf, "-t", str(arguments.threads)]
    command += ["-c", str(tokens + 80), "-npp", str(tokens), "-ntg", "16,80", "-npl", "1"]
    start, rows = time.monotonic(), []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        for line in process.stdout:
            cells = [cell.strip() for cell in line.strip("| \n").split("|")]
            if line.startswith("|") and cells[0] == "PP":
                column = cells.index("T_TG s")
            elif line.startswith("|") and cells[0].isdigit():
                rows.append((time.monotonic() - start, float(cells[column])))
    (row, sixteen), (_, eighty) = rows
    return row - sixteen, 16 / sixteen, 64 / (eighty - sixteen)


def first(arguments):
    print("| tokens before | | llama.cpp | Bayu | ratio | lowest–highest |\n|---:|---|---:|---:|---:|---|")
    for case in arguments.cases.split(","):
        tokens = int(case.split("x")[1])
        turns = [(bayu_first(arguments, tokens), llama_cpp_first(arguments, tokens)) for _ in range(arguments.turns)]
        for i, name in enumerate(["to the first token, s", "the next 16, tokens/s", "then 64, tokens/s"]):
            ours, theirs = [turn[0][i] for turn in turns], [turn[1][i] for turn in turns]
            ratios = [a / b for a, b in zip(ours, theirs)]
            medians = [statistics.median(values) for values in (theirs, ours, ratios)]
            print(
                f"| {tokens} | {name} | {medians[0]:.2f} | {medians[1]:.2f} | {medians[2]:.2f} |"
                f" {min(ratios):.2f}–{max(ratios):.2f} |",
                flush=True,
            )


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a folder with weights, in bf16")
    parser.add_argument("--gguf", required=True, help="the same weights for llama.cpp")
    parser.add_argument("--llama-cpp", type=pathlib.Path, required=True, help="the folder of llama-batched-bench")
    parser.add_argument("--cases", default="1x5,1x512,1x2048,16x5,16x512")
    parser.add_argument("--threads", type=int, default=2, help="of llama.cpp; Bayu takes what the machine has")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--first", action="store_true", help="the first tokens of cold programs, of one sequence")
    parser.add_argument("--bayu", nargs=argparse.REMAINDER, required=True, help="the command of GenerationRates")
    return parser.parse_args()


def main():
    arguments = parse()
    if arguments.first:
        first(arguments)
        return
    print("| sequences × tokens before | llama.cpp | Bayu | of reading | ratio | lowest–highest |\n|---|---:|---:|---:|---:|---|")
    for case in arguments.cases.split(","):
        sequences, tokens = (int(number) for number in case.split("x"))
        ours, shares, theirs = [], [], []
        for _ in range(arguments.turns):
            rate, share = bayu(arguments, sequences, tokens)
            ours.append(rate)
            shares.append(share)
            theirs.append(llama_cpp(arguments, sequences, tokens))
        ratios = [a / b for a, b in zip(ours, theirs)]
        medians = [statistics.median(values) for values in (theirs, ours, shares, ratios)]
        print(
            f"| {sequences} × {tokens} | {medians[0]:.1f} | {medians[1]:.1f} | {medians[2]:.2f} | {medians[3]:.2f} |"
            f" {min(ratios):.2f}–{max(ratios):.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

"""Training steps of Transformers (with PEFT where it is LoRA) and of Bayu in turns, on the same model and rows.

The model is a Hugging Face folder, of random weights for example (`bayu init`). Without --data the rows are random words,
cut to exactly --tokens tokens that all have loss: nothing is padded, and nothing shared. With --data they are those of a
JSON Lines file with the fields instruction, input and output, in Alpaca's template; only the output has loss, and PyTorch
pads the rows of a micro-batch to its longest. Frozen weights are bf16 and those that are trained f32, computing is bf16
(autocast), or for PyTorch with --torch-type f32 all of it F32; AdamW, the gradients clipped.

Prints the first losses, which show that both do the same, and the medians of tokens/s and of examples/s, without padding,
and of the rounds' ratios, Bayu's rate through PyTorch's.
"""

import argparse
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TEMPLATE = (
    "Below is an instruction that describes a task, paired with an input that provides further context. Write a response"
    " that appropriately completes the request.\n\n### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:"
)
WORDS = "the river runs past old stones and quiet trees while nobody looks at what a small bird sings about".split()
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class Rows:
    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.file = arguments.data
        if self.file is None:
            rng = random.Random(1)
            self.file = folder / "rows.jsonl"
            with open(self.file, "w") as out:
                for _ in range(256):
                    fields = {key: " ".join(rng.choices(WORDS, k=arguments.tokens)) for key in ("instruction", "input")}
                    out.write(json.dumps({**fields, "output": "end"}) + "\n")
        tokenizer = AutoTokenizer.from_pretrained(arguments.model)
        self.examples = []
        for line in open(self.file):
            row = json.loads(line)
            prompt = TEMPLATE.format(**row)
            ids = tokenizer(prompt + row["output"] + (tokenizer.eos_token or "</s>")).input_ids[: arguments.tokens]
            source = 0 if arguments.data is None else len(tokenizer(prompt).input_ids)
            self.examples.append((ids, source))

    def batches(self, size):
        """Endless batches, each a list of examples."""
        rng = random.Random(2)
        while True:
            yield rng.sample(self.examples, size)


class TorchTraining:
    def __init__(self, arguments):
        lora = arguments.mode == "lora"
        self.bfloat16 = arguments.torch_type == "bf16"
        dtype = torch.bfloat16 if lora and self.bfloat16 else torch.float32
        self.model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=dtype)
        self.model.config.use_cache = False
        if lora:
            from peft import LoraConfig, get_peft_model

            config = LoraConfig(r=8, lora_alpha=8, lora_dropout=0.0, target_modules=TARGETS, task_type="CAUSAL_LM")
            self.model = get_peft_model(self.model, config)
        self.weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        for weight in self.weights:
            weight.data = weight.data.float()
        self.optimizer = torch.optim.AdamW(self.weights, lr=1e-5, weight_decay=0.1)

    def step(self, batch, micro_batch):
        counted = sum(len(ids) - max(source, 1) for ids, source in batch)
        total = 0.0
        for start in range(0, len(batch), micro_batch):
            part = batch[start : start + micro_batch]
            longest = max(len(ids) for ids, _ in part)
            ids = torch.zeros((len(part), longest), dtype=torch.long)
            mask = torch.zeros_like(ids)
            labels = torch.full_like(ids, -100)
            for i, (tokens, source) in enumerate(part):
                ids[i, : len(tokens)] = torch.tensor(tokens)
                mask[i, : len(tokens)] = 1
                labels[i, max(source, 1) : len(tokens)] = ids[i, max(source, 1) : len(tokens)]
            if mask.all():
                mask = None  # then attention is causal and no more
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bfloat16):
                loss = self.model(input_ids=ids, attention_mask=mask, labels=labels, num_items_in_batch=counted).loss
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return total


class BayuTraining:
    def __init__(self, arguments, rows, folder):
        flags = {
            "model_name_or_path": arguments.model,
            "data": rows.file,
            "data_cache_dir": folder / "cache",
            "max_tune_length": arguments.tokens,
            "mask_inputs": "false" if arguments.data is None else "true",
            "trainer.output_dir": folder / "runs",
            "trainer.mp": "p=f32,c=bfloat16",
            "trainer.train_batch_size": arguments.batch,
            "trainer.num_train_steps": 1_000_000,
            "trainer.prefix_sharing": "false" if arguments.data is None else "true",
            "trainer.gradient_checkpointing": "false",
            "optimizer.learning_rate": 1e-5,
            "optimizer.lr_schedule": "constant",
            "optimizer.warmup": 0,
        }
        if arguments.mode == "lora":
            flags |= {"lora.r": 8, "lora.alpha": 8.0, "lora.dropout": 0.0}
        command = [*arguments.bayu, *(f"--{key}={value}" for key, value in flags.items())]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def step(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            loss, seconds = self.process.stdout.readline().split()
            return float(loss), float(seconds)
        except (BrokenPipeError, ValueError):
            sys.exit("Bayu's process failed, as said above.")


def fastest(theirs, batch, sizes):
    """The micro-batch with which PyTorch takes least for this batch, each tried twice in turns."""
    if len(sizes) == 1:
        return sizes[0]
    seconds = {size: [] for size in sizes}
    for _ in range(2):
        for size in sizes:
            start = time.perf_counter()
            theirs.step(batch, size)
            seconds[size].append(time.perf_counter() - start)
    rates = {size: len(batch) / min(taken) for size, taken in seconds.items()}
    print("PyTorch by micro-batch, examples/s: " + ", ".join(f"{size}: {rate:.3f}" for size, rate in rates.items()))
    return max(rates, key=rates.get)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True, help="a folder with weights and tokenizer")
    parser.add_argument("--mode", choices=["lora", "full"], default="lora")
    parser.add_argument("--data", type=pathlib.Path, help="JSON Lines; random rows without")
    parser.add_argument("--tokens", type=int, default=512, help="of a row at most")
    parser.add_argument("--batch", type=int, default=2, help="rows of a step of Bayu's")
    parser.add_argument("--torch-batch", type=int, help="rows of a step of PyTorch's, if not as many")
    parser.add_argument(
        "--micro-batch",
        type=lambda text: [int(size) for size in text.split(",")],
        default=[2],
        help="rows that PyTorch computes at a time; of several, 1,2,4 say, the fastest is taken",
    )
    parser.add_argument("--torch-type", choices=["bf16", "f32"], default="bf16", help="what PyTorch computes in")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--warm-up", type=int, default=6, help="steps of Bayu's that do not count; one of PyTorch's")
    parser.add_argument("--bayu", nargs=argparse.REMAINDER, required=True, help="the command of TrainRates")
    return parser.parse_args()


def main():
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    torch_batch = arguments.torch_batch or arguments.batch
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rows = Rows(arguments, folder)
        mean_tokens = statistics.mean(len(ids) for ids, _ in rows.examples)
        bayu = BayuTraining(arguments, rows, folder)
        theirs = TorchTraining(arguments)
        batches = rows.batches(torch_batch)
        bayu_loss = bayu.step()[0]
        torch_loss = theirs.step(next(batches), arguments.micro_batch[0])
        print(f"First losses: PyTorch {torch_loss:.4f}, Bayu {bayu_loss:.4f} (other rows of the same kind)")
        for _ in range(arguments.warm_up - 1):
            bayu.step()
        micro_batch = fastest(theirs, next(batches), arguments.micro_batch)
        ours, others = [], []
        for _ in range(arguments.rounds):
            start = time.perf_counter()
            theirs.step(next(batches), micro_batch)
            others.append(torch_batch / (time.perf_counter() - start))
            ours.append(arguments.batch / bayu.step()[1])
            print(f"PyTorch {others[-1]:.3f}, Bayu {ours[-1]:.3f} examples/s", flush=True)
        bayu.process.kill()
        ratios = [a / b for a, b in zip(ours, others)]
        print(f"\nPyTorch {torch.__version__}, {arguments.mode}, {arguments.threads} threads, {mean_tokens:.1f} tokens a row\n")
        print("| | PyTorch | Bayu | ratio | lowest–highest |\n|---|---:|---:|---:|---|")
        for unit, scale in (("examples/s", 1), ("tokens/s", mean_tokens)):
            print(
                f"| {unit} | {scale * statistics.median(others):.3g} | {scale * statistics.median(ours):.3g}"
                f" | {statistics.median(ratios):.2f} | {min(ratios):.2f}–{max(ratios):.2f} |"
            )


if __name__ == "__main__":
    main()

#!/bin/sh
# tensorboard 2.21.0 with tensorboard-data-server 0.7.2, torch 2.13.0, numpy 2.4.6, Linux on x86-64, CPython 3.
#
# A scalar that torch's add_scalar wrote with double_precision=True, so that a count of more than 2^24 stays exact, is not
# shown at all by the reader that TensorBoard uses by default where it can (--load_fast): its tag is missing, without a
# message. The other reader (--load_fast=false), and Python's EventAccumulator, have it, with all its digits.
#
# Whoever writes event files should write scalars as 32-bit floats, and exact counts elsewhere.
#
# Output seen:
#   by default: single
#   --load_fast=false: double, single
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tensorboard==2.21.0 tensorboard-data-server==0.7.2 \
  torch==2.13.0 numpy==2.4.6
cd "$folder"
NO_PROXY='*' no_proxy='*' "$folder/venv/bin/python" - <<'PYTHON'
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

with SummaryWriter("runs/one") as writer:
    writer.add_scalar("single", 2.0**24 + 1, 0, new_style=True)
    writer.add_scalar("double", 2.0**24 + 1, 0, new_style=True, double_precision=True)


def shown(*options):
    log = Path("log")
    with log.open("w") as out:
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", "runs", "--host", "127.0.0.1", "--port", "0"]
        server = subprocess.Popen([*command, *options], stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 60
        while True:
            assert time.monotonic() < deadline and server.poll() is None, log.read_text()
            place = next((word for word in log.read_text().split() if word.startswith("http://127")), None)
            tags = place and ask(place, "tags").get("one")
            if tags:
                time.sleep(2)  # what is still being read
                return ", ".join(sorted(ask(place, "tags")["one"]))
            time.sleep(0.2)
    finally:
        server.terminate()
        server.wait()


def ask(place, what):
    return json.load(urllib.request.urlopen(place + "data/plugin/scalars/" + what))


usual, other = shown(), shown("--load_fast=false")
print("by default:", usual)
print("--load_fast=false:", other)
assert usual == "single", "behaves otherwise now"
assert other == "double, single", "behaves otherwise now"
PYTHON

"""Reads Bayu's golden .wandb file with wandb's own protobuf classes, and sends it with the real `wandb sync`.

Without arguments: checks the golden file against what the real client writes of the same run (the kinds of records
and their fields), and what a stand-in server gets from `wandb sync`. With a run's folder: the same of that one, and its
steps. With --metrics F: compares each line of Bayu's metrics.jsonl with the history that the server got.
"""
import argparse
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import threading
import zlib

import wandb_stub  # noqa: F401
import wandb_server
import wandb
from wandb.proto import wandb_internal_pb2

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parents[1] / "train/src/test/resources/golden/track/wandb"
BLOCK = 32768


def records(path):
    data = pathlib.Path(path).read_bytes()
    assert data[:7] == b":W&B" + struct.pack("<HB", 0xBEE1, 0)
    position, record = 7, b""
    while position < len(data):
        left = BLOCK - position % BLOCK
        if left < 7:
            assert not any(data[position : position + left])
            position += left
            continue
        checksum, length, kind = struct.unpack_from("<IHB", data, position)
        piece = data[position + 7 : position + 7 + length]
        assert zlib.crc32(bytes([kind]) + piece) == checksum, position
        record += piece
        position += 7 + length
        if kind in (1, 4):
            message = wandb_internal_pb2.Record()
            message.ParseFromString(record)
            yield message
            record = b""


def values(items):
    """The object that the items give."""
    root = {}
    for item in items:
        *outer, last = item.nested_key or [item.key]
        inner = root
        for key in outer:
            inner = inner.setdefault(key, {})
        inner[last] = json.loads(item.value_json)
    return root


def content(path):
    """Configuration, history by step, summary, exit code."""
    config, history, summary, code = {}, {}, {}, None
    for number, record in enumerate(records(path), 1):
        assert record.num == number
        kind = record.WhichOneof("record_type")
        if kind == "run":
            config = values(record.run.config.update)
        elif kind == "config":
            config.update(values(record.config.update))
        elif kind == "history":
            step = record.history.step.num
            assert step not in history, "step %d is there twice" % step
            history[step] = values(record.history.item)
            assert history[step]["_step"] == step
        elif kind == "summary":
            summary.update(values(record.summary.update))
        elif kind == "exit":
            code = record.exit.exit_code
    return config, history, summary, code


def fields(path):
    """Of each kind of record the fields that are set anywhere, with those of the messages in it."""
    found = {}

    def add(prefix, message):
        for field, value in message.ListFields():
            if field.message_type and field.message_type.GetOptions().map_entry:
                continue
            name = prefix + "." + field.name if prefix else field.name
            found[name] = True
            if field.message_type:
                for each in value if field.is_repeated else [value]:
                    add(name, each)

    for record in records(path):
        add("", record)
    return set(found)


def real(folder):
    """What wandb writes of the golden file's run."""
    settings = wandb.Settings(console="off", silent=True)
    run = wandb.init(
        project="levanter", id="golden", name="a name", tags=["viggo", "llama"], group="group", mode="offline",
        dir=folder, config={"data": "rows.jsonl", "trainer": {"num_train_steps": 3}}, settings=settings,
    )
    for step in range(3):
        total = (1 << 60) + step
        run.log({"global_step": step, "train/loss": 1 / (step + 3), "throughput/total_tokens": total}, step=step)
    run.log({"predictions": wandb.Table(columns=["input", "predicted"], data=[["ä\n", "f()"]])}, step=3)
    run.summary["evaluate/overall"] = 2 / 3
    run.finish()
    wandb.teardown()  # without it the file may not be written yet
    return next(pathlib.Path(folder).glob("wandb/offline-run-*/run-golden.wandb"))


def sync(folder):
    """What the server has after `wandb sync`."""
    server = wandb_server.Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = dict(
        os.environ, WANDB_BASE_URL=server.url(), WANDB_API_KEY=wandb_server.KEY, WANDB_ERROR_REPORTING="false",
        NO_PROXY="*", no_proxy="*",
    )
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, str((HERE / "wandb_stub.py").resolve()), "sync", "--include-online"]
        command.append(str(folder.resolve()))
        result = subprocess.run(command, env=environment, cwd=work, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    (run,) = server.runs.values()
    assert run.get("complete") is True, run
    return run, server.files


def check(folder, metrics=None):
    (path,) = folder.glob("run-*.wandb")
    config, history, summary, code = content(path)
    run, files = sync(folder)
    assert {key: value["value"] for key, value in run["config"].items() if key != "_wandb"} == {
        key: value for key, value in config.items() if key != "_wandb"
    }
    assert list(run["history"].values()) == list(history.values()), "another history"
    assert list(run["history"]) == list(range(len(history)))
    assert {key: run["summary"].get(key) for key in summary if key[0] != "_"} == {
        key: value for key, value in summary.items() if key[0] != "_"
    }
    assert run["exitcode"] == (1 if code is None else code)
    for name in ("config.yaml", "wandb-summary.json", "wandb-metadata.json"):
        assert name in run["uploaded"] and name in files, name
    if metrics:
        lines = [json.loads(line) for line in open(metrics)]
        for line in lines:
            step = history[line["global_step"]]
            assert {key: step[key] for key in line} == line, line
        steps = [step for step in history.values() if "global_step" in step]
        assert len(steps) == len(lines)
        print(len(lines), "steps are those of", metrics)
    print(
        "wandb", wandb.__version__, "reads", path.name, "and sends it:", len(history), "history lines, exit code", code,
        "files", sorted(files),
    )
    return config, history, summary, code


def check_golden():
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work) / "wandb" / "offline-run-20231114_221320-golden"
        (folder / "files").mkdir(parents=True)
        (folder / "run-golden.wandb").write_bytes((GOLDEN / "run-golden.wandb").read_bytes())
        config, history, summary, code = check(folder)
    assert config == {"data": "rows.jsonl", "trainer": {"num_train_steps": 3}, "_wandb": {}}
    for step in range(3):
        assert history[step]["train/loss"] == 1 / (step + 3)
        assert history[step]["throughput/total_tokens"] == (1 << 60) + step
    assert history[3]["predictions"]["_type"] == "table-file"
    assert history[4]["confusion_matrix"]["_type"] == "image-file"
    assert summary["evaluate/overall"] == 2 / 3 and code == 0
    with tempfile.TemporaryDirectory() as work:
        path = real(work)
        theirs, theirs_content = fields(path), content(path)
    ours = fields(GOLDEN / "run-golden.wandb")
    assert not (ours - theirs) - {"exit.exit_code"}, sorted(ours - theirs)
    print("only wandb writes:", ", ".join(sorted(name for name in theirs - ours if name.count(".") < 2)))
    own = {"_timestamp", "_runtime", "predictions"}
    for step in range(3):
        assert {k: v for k, v in theirs_content[1][step].items() if k not in own} == {
            k: v for k, v in history[step].items() if k not in own
        }
    table = theirs_content[1][3]["predictions"]
    assert {key: value for key, value in table.items() if "artifact_path" not in key} == history[3]["predictions"] | {
        "path": table["path"]
    }, (table, history[3]["predictions"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--metrics")
    arguments = parser.parse_args()
    if arguments.folder:
        check(arguments.folder, arguments.metrics)
    else:
        check_golden()

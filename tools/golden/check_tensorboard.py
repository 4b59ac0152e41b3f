"""Reads the golden event file, or a run's folder, with TensorBoard's own reader.

Without arguments: checks that the golden file has every scalar at full f32 precision, the texts and the image.
With a folder, and optionally the run's metrics.jsonl: lists what is there, and checks every scalar against the lines.
"""
import json
import pathlib
import sys

import numpy
from tensorboard.backend.event_processing import event_accumulator

GOLDEN = pathlib.Path(__file__).parents[2] / "train/src/test/resources/golden/track/tensorboard"


def read(folder):
    reader = event_accumulator.EventAccumulator(
        str(folder), size_guidance={kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE}
    )
    return reader.Reload()


def scalars(reader):
    """By tag and step: the value; each step once."""
    found = {}
    for tag in reader.Tags()["scalars"]:
        events = reader.Scalars(tag)
        steps = [event.step for event in events]
        assert steps == sorted(set(steps)), (tag, steps)
        found[tag] = {event.step: event.value for event in events}
    return found


def text(reader, tag):
    (event,) = reader.Tensors(tag)
    assert reader.SummaryMetadata(tag).plugin_data.plugin_name == "text"
    return event.tensor_proto.string_val[0].decode()


def same(found, expected):
    assert numpy.float32(found) == numpy.float32(expected), (found, expected)


def check_golden():
    reader = read(GOLDEN)
    found = scalars(reader)
    for step in range(3):
        same(found["global_step"][step], step)
        same(found["train/loss"][step], 1 / (step + 3))
        same(found["throughput/total_tokens"][step], 16777217 * (step + 1))
        same(found["optim/learning_rate"][step], 3e-39 * (step + 1))
    same(found["evaluate/overall"][3], 2 / 3)
    assert json.loads(text(reader, "config/text_summary")) == {
        "data": "rows.jsonl",
        "trainer": {"num_train_steps": 3},
    }
    assert text(reader, "predictions/text_summary").splitlines() == [
        "| input | predicted |",
        "|---|---|",
        "| a \\| b | f(x[&lt;y>]) |",
    ]
    (image,) = reader.Images("confusion_matrix")
    assert (image.step, image.width, image.height) == (3, 1, 1)
    assert image.encoded_image_string.startswith(b"\x89PNG")
    print("TensorBoard reads the golden file:", ", ".join(sorted(found)), "and the texts and the image")


def check_run(folder, metrics):
    reader = read(folder)
    found = scalars(reader)
    print({tag: len(steps) for tag, steps in found.items()}, reader.Tags()["tensors"], reader.Tags()["images"])
    if metrics:
        lines = [json.loads(line) for line in open(metrics)]
        for line in lines:
            for tag, value in line.items():
                same(found[tag][line["global_step"]], value)
        print("all", sum(map(len, lines)), "scalars of", len(lines), "steps are equal as f32")


if len(sys.argv) > 1:
    check_run(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
else:
    check_golden()

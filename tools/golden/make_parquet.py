"""Small Parquet files, as pyarrow writes them, for org.bayu.parquet. Each has the same three rows."""

import json
import pathlib
import shutil

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = pathlib.Path(__file__).parents[2] / "parquet/src/test/resources/golden"

ROWS = {
    "prompt": pa.array(["größe 日本", "", "a, \"b\"\nc"]),
    "completion": pa.array(["yes", None, "no"]),
    "n": pa.array([1, -2, 3], pa.int64()),
    "x": pa.array([0.5, 1e300, -0.0]),
    "small": pa.array([0.1, 2.5, -1.0], pa.float32()),
    "flag": pa.array([True, False, None]),
    "references": pa.array([["one", "two"], [], None]),
    "messages": pa.array(
        [
            [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}],
            None,
            [{"role": "user", "content": None}],
        ]
    ),
    "day": pa.array([0, 19000, None], pa.date32()),
    "raw": pa.array([b"plain", b"", "ü".encode()], pa.binary()),
}

shutil.rmtree(FOLDER, ignore_errors=True)
FOLDER.mkdir(parents=True)
TABLE = pa.table(ROWS)
for codec in ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]:
    pq.write_table(TABLE, FOLDER / f"{codec}.parquet", compression=codec)
pq.write_table(TABLE, FOLDER / "pages2.parquet", compression="snappy", data_page_version="2.0",
               use_dictionary=False, row_group_size=2)
pq.write_table(pa.table({"raw": pa.array([b"\xff\xfe"], pa.binary())}), FOLDER / "bytes.parquet")
pq.write_table(TABLE.slice(0, 0), FOLDER / "empty.parquet")
with open(FOLDER / "rows.jsonl", "w") as out:
    for row in pq.read_table(FOLDER / "none.parquet").to_pylist():
        row["raw"] = row["raw"].decode()
        out.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")

# Every width of an integer, beside each other and within other values, with the least and the greatest number.
INTEGERS = {}
for width in [8, 16, 32, 64]:
    for letter, lowest in [("i", -(2 ** (width - 1))), ("u", 0)]:
        numbers = [lowest, lowest + 2**width - 1, None]
        INTEGERS[f"{letter}{width}"] = pa.array(numbers, f"{letter.replace('i', 'int').replace('u', 'uint')}{width}")
WIDE = pa.array([2**64 - 1, 2**63, 0], pa.uint64())
INTEGERS["list"] = pa.ListArray.from_arrays([0, 2, 2, 3], WIDE)
INTEGERS["lists"] = pa.ListArray.from_arrays([0, 1, 2, 3], INTEGERS["list"])
INTEGERS["struct"] = pa.StructArray.from_arrays([pa.array(["x", "y", "z"]), INTEGERS["u32"]], ["text", "number"])
INTEGERS["map"] = pa.MapArray.from_arrays([0, 1, 2, 3], pa.array([2**32 - 1, 1, 0], pa.uint32()), WIDE)
pq.write_table(pa.table(INTEGERS), FOLDER / "integers.parquet")
with open(FOLDER / "integers.jsonl", "w") as out:
    for row in pq.read_table(FOLDER / "integers.parquet").to_pylist():
        row["map"] = dict(row["map"])
        out.write(json.dumps(row) + "\n")

#!/bin/sh
# polars 1.44.2, pyarrow 25.0.1, numpy 2.4.6, CPython 3.
#
# sum() of polars widens whole numbers of 8 and 16 bits, but not of 32. list.len(), str.len_bytes(), str.len_chars() and
# len() itself give UInt32. So the number of tokens or bytes of a data set of more than 4,294,967,296 is what is left after
# wrapping, without a message, in group_by, SQL and the streaming engine as well. mean() of the same column is right.
# pyarrow and numpy add in 64 bits. (The documentation of sum names the types that are widened.)
#
# Whoever counts a large corpus must write .cast(pl.Int64).sum().
#
# Output seen, for 5000 texts of 2^20 bytes:
#   bytes 5242880000: sum 947912704, group_by 947912704, SQL 947912704, mean times rows 5242880000
#   pyarrow 5242880000, numpy 5242880000, cast first 5242880000
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check polars==1.44.2 pyarrow==25.0.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import polars
import pyarrow.compute

# All rows share one text in memory.
texts = polars.Series("text", ["a" * 2**20]).new_from_index(0, 5000)
lengths = texts.str.len_bytes()
assert lengths.dtype == polars.UInt32
frame = polars.DataFrame({"split": "train", "bytes": lengths})
real = 5000 * 2**20
plain = lengths.sum()
grouped = frame.group_by("split").agg(polars.col("bytes").sum())["bytes"][0]
asked = polars.SQLContext(frame=frame).execute("select sum(bytes) from frame").collect().item()
mean = round(lengths.mean() * len(lengths))
print(f"bytes {real}: sum {plain}, group_by {grouped}, SQL {asked}, mean times rows {mean}")
arrow = pyarrow.compute.sum(lengths.to_arrow()).as_py()
numpys = int(lengths.to_numpy().sum())
cast = lengths.cast(polars.Int64).sum()
print(f"pyarrow {arrow}, numpy {numpys}, cast first {cast}")
assert plain == grouped == asked == real % 2**32, "behaves otherwise now"
assert mean == arrow == numpys == cast == real
PYTHON

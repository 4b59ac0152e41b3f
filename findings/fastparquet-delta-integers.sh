#!/bin/sh
# fastparquet 2026.9.0, duckdb 1.5.6, pyarrow 25.0.1, numpy 2.4.6, CPython 3.
#
# fastparquet reads wrong numbers from a column of 64-bit integers in the encoding DELTA_BINARY_PACKED if two neighbours are
# more than some 2^28 apart. DuckDB uses this encoding for integers with parquet_version v2, as other writers of version 2
# do. Almost no number is right then, some are negative, and there is no message. Integers of 32 bits, and token ids in 64,
# are read rightly. pyarrow and DuckDB read all of them.
#
# Whoever keeps row ids, hashes or seeds beside the texts should read such files with pyarrow.
#
# Output seen, rows that differ from what was written:
#   token ids: fastparquet 0 of 1000, pyarrow 0
#   hashes of 31 bits: fastparquet 997 of 1000, pyarrow 0; 946666555 is read as -1871905733
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fastparquet==2026.9.0 duckdb==1.5.6 pyarrow==25.0.1 \
  numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import warnings

import duckdb
import fastparquet
import pyarrow.parquet

warnings.simplefilter("ignore", ResourceWarning)
seen = []
for name, number in (("token ids", "hash(i) % 32000"), ("hashes of 31 bits", "hash(i) >> 33")):
    rows = f"select ({number})::bigint as a from range(1000) t(i)"
    duckdb.sql(f"copy ({rows}) to 'a.parquet' (parquet_version v2)")
    encodings = pyarrow.parquet.read_metadata("a.parquet").row_group(0).column(0).encodings
    assert encodings == ("DELTA_BINARY_PACKED",), encodings
    written = [row[0] for row in duckdb.sql(rows).fetchall()]
    arrow = pyarrow.parquet.read_table("a.parquet")["a"].to_pylist()
    fast = fastparquet.ParquetFile("a.parquet").to_pandas()["a"].tolist()
    wrong = [(right, read) for right, read in zip(written, fast, strict=True) if right != read]
    example = "; %d is read as %d" % wrong[0] if wrong else ""
    same = sum(right != read for right, read in zip(written, arrow, strict=True))
    print(f"{name}: fastparquet {len(wrong)} of 1000, pyarrow {same}{example}")
    assert same == 0
    seen.append(len(wrong))
assert seen[0] == 0 and seen[1] > 900, "behaves otherwise now"
PYTHON

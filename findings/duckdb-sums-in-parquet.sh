#!/bin/sh
# duckdb 1.5.6, pyarrow 25.0.1, CPython 3.
#
# In DuckDB the sum of whole numbers is a HUGEINT of 128 bits. Parquet has no such type, and COPY ... TO a Parquet file writes
# it as DOUBLE, without a word: whole numbers come back as floating-point ones, above 2^53 others than were written. A column
# of counts or of sums of hashes is changed so, and a text that is made of a count has "3.0" in it, not "3". min, max and
# count have types that Parquet has, and CSV and JSON keep the sum as it is.
#
# Whoever writes sums casts them: sum(n)::BIGINT, which fails where it does not fit.
#
# Output seen:
#   in DuckDB: HUGEINT 9007199254740993 and 3
#   from Parquet: double 9007199254740992.0 and 3.0
#   from JSON: 9007199254740993 and 3
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==1.5.6 pyarrow==25.0.1
cd "$folder"
venv/bin/python - <<'PYTHON'
import json

import duckdb
import pyarrow.parquet

rows = "(values (1, 9007199254740992), (1, 1), (2, 3)) rows(part, n)"
sums = f"select part, sum(n) as total from {rows} group by part order by part"
kind, (large, small) = duckdb.sql(f"select typeof(total) from ({sums})").fetchone()[0], [
    total for _, total in duckdb.sql(sums).fetchall()]
print("in DuckDB:", kind, large, "and", small)
duckdb.sql(f"copy ({sums}) to 'sums.parquet'")
column = pyarrow.parquet.read_table("sums.parquet")["total"]
print("from Parquet:", column.type, " and ".join(map(str, column.to_pylist())))
duckdb.sql(f"copy ({sums}) to 'sums.json'")
with open("sums.json") as file:
    written = [json.loads(line)["total"] for line in file]
print("from JSON:", " and ".join(map(str, written)))
assert (kind, large, small) == ("HUGEINT", 9007199254740993, 3)
assert str(column.type) == "double" and column.to_pylist() == [9007199254740992.0, 3.0], "behaves otherwise now"
assert written == [9007199254740993, 3]
PYTHON

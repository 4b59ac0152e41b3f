#!/bin/sh
# pyarrow 25.0.1, duckdb 1.5.6, polars 1.44.2, CPython 3.
#
# The least and the greatest value that pyarrow writes for each column of a Parquet file leave NaN out, as the format asks
# for. Its own filters take them for the bounds of all rows. So is_nan() finds no row if the other numbers of the row group
# are equal, and != and "not <=" lose the NaN too: filtering the file gives other rows than filtering the table that was
# read from it. DuckDB takes the bounds for granted as well: the NaN equals 0.5, and max(x) of the file is no NaN, where
# DuckDB's own tables have NaN as the greatest number. polars gives the same for file and table.
#
# Whoever looks for the diverged steps or rows in a Parquet file must read first and filter then, or write the column with
# write_statistics=False.
#
# Output seen, rows for the losses 0.5, NaN, 0.5:
#   pyarrow: is_nan 1 of the table, 0 of the file; != 0.5 1 and 0; not <= 1 1 and 0
#   duckdb: != 0.5 1 of the table, 0 of the file; = 0.5 2 and 3; max nan and 0.5
#   polars: is_nan 1 of the table, 1 of the file; != 0.5 1 and 1; not <= 1 1 and 1
#   without statistics: pyarrow is_nan 1, duckdb = 0.5 2
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==25.0.1 duckdb==1.5.6 polars==1.44.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import duckdb
import polars
import pyarrow
import pyarrow.compute
import pyarrow.dataset
import pyarrow.parquet

table = pyarrow.table({"loss": [0.5, float("nan"), 0.5]})
pyarrow.parquet.write_table(table, "bounds.parquet")
pyarrow.parquet.write_table(table, "plain.parquet", write_statistics=False)
bounds = pyarrow.parquet.read_metadata("bounds.parquet").row_group(0).column(0).statistics
assert (bounds.min, bounds.max) == (0.5, 0.5)

loss = pyarrow.compute.field("loss")
arrow = [
    (table.filter(rows).num_rows, pyarrow.parquet.read_table("bounds.parquet", filters=rows).num_rows)
    for rows in (loss.is_nan(), loss != 0.5, ~(loss <= 1))
]
print("pyarrow: is_nan %d of the table, %d of the file; != 0.5 %d and %d; not <= 1 %d and %d" % sum(arrow, ()))

duckdb.sql("create table kept (loss double)")
duckdb.sql("insert into kept values (0.5), ('nan'), (0.5)")
asked = ("count(*) from %s where loss != 0.5", "count(*) from %s where loss = 0.5", "max(loss) from %s")
duck = [tuple(duckdb.sql("select " + ask % source).fetchone()[0] for source in ("kept", "'bounds.parquet'")) for ask in asked]
print("duckdb: != 0.5 %s of the table, %s of the file; = 0.5 %s and %s; max %s and %s" % sum(duck, ()))

loss = polars.col("loss")
bears = [
    (
        polars.read_parquet("bounds.parquet").filter(rows).height,
        polars.scan_parquet("bounds.parquet").filter(rows).collect().height,
    )
    for rows in (loss.is_nan(), loss != 0.5, ~(loss <= 1))
]
print("polars: is_nan %d of the table, %d of the file; != 0.5 %d and %d; not <= 1 %d and %d" % sum(bears, ()))

found = pyarrow.parquet.read_table("plain.parquet", filters=pyarrow.compute.field("loss").is_nan()).num_rows
equal = duckdb.sql("select " + asked[1] % "'plain.parquet'").fetchone()[0]
print("without statistics: pyarrow is_nan %d, duckdb = 0.5 %d" % (found, equal))
assert arrow == [(1, 0)] * 3, "behaves otherwise now"
assert str(duck) == "[(1, 0), (2, 3), (nan, 0.5)]", "behaves otherwise now"
assert bears == [(1, 1)] * 3, "behaves otherwise now"
assert (found, equal) == (1, 2), "behaves otherwise now"
PYTHON

#!/bin/sh
# @dsnp/parquetjs 1.8.9 (npm), pyarrow 25.0.1, Linux, CPython 3, Node from 20 on with npm.
#
# parquetjs reads every value of a boolean column as false if its pages have the encoding RLE. Nulls stay nulls. This is what
# pyarrow writes for booleans with data_page_version="2.0", and other writers with pages of version 2 do as well. Numbers and
# texts of the same file are right, and there is no message. The cause is in reader.js: it takes the length of the type, which
# a boolean lacks, for the number of bits of a value. pyarrow and hyparquet 1.33.0 (npm) read them rightly.
#
# Whoever keeps flags beside the texts, such as which row is learned, valid or a duplicate, loses all of them in Node. Write
# such files with pages of version 1, or the flags as integers.
#
# Output seen, for the booleans true, false, null, true and the numbers 1, 2, 3, 4:
#   pages 1.0: pyarrow [true,false,null,true] [1,2,3,4], encodings of the flag RLE PLAIN
#   pages 2.0: pyarrow [true,false,null,true] [1,2,3,4], encodings of the flag RLE
#   pages 1.0: parquetjs [true,false,null,true] [1,2,3,4]
#   pages 1.0: hyparquet [true,false,null,true] [1,2,3,4]
#   pages 2.0: parquetjs [false,false,null,false] [1,2,3,4]
#   pages 2.0: hyparquet [true,false,null,true] [1,2,3,4]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyarrow==25.0.1
echo '{"name": "none", "private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @dsnp/parquetjs@1.8.9 hyparquet@1.33.0 >&2
venv/bin/python - <<'PYTHON'
import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table({"flag": [True, False, None, True], "number": [1, 2, 3, 4]})
for version in ["1.0", "2.0"]:
    pq.write_table(table, f"pages-{version}.parquet", data_page_version=version, compression="none")
    assert pq.read_table(f"pages-{version}.parquet").equals(table)
    encodings = pq.read_metadata(f"pages-{version}.parquet").row_group(0).column(0).encodings
    print(f"pages {version}: pyarrow [true,false,null,true] [1,2,3,4], encodings of the flag {' '.join(encodings)}")
PYTHON
cat >read.mjs <<'JAVASCRIPT'
import parquetjs from "@dsnp/parquetjs";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";

const show = (rows, name) => JSON.stringify(rows.map((row) => (row[name] === null ? null : row[name])), (_, value) =>
  typeof value === "bigint" ? Number(value) : value);

for (const version of ["1.0", "2.0"]) {
  const path = `pages-${version}.parquet`;
  const file = await parquetjs.ParquetReader.openFile(path);
  const cursor = file.getCursor();
  const rows = [];
  for (let row = await cursor.next(); row; row = await cursor.next()) {
    rows.push(row);
  }
  await file.close();
  console.log(`pages ${version}: parquetjs ${show(rows, "flag")} ${show(rows, "number")}`);
  const others = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
  console.log(`pages ${version}: hyparquet ${show(others, "flag")} ${show(others, "number")}`);
}
JAVASCRIPT
node read.mjs >out
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'pages 1.0: parquetjs [true,false,null,true] [1,2,3,4]'
expect 'pages 1.0: hyparquet [true,false,null,true] [1,2,3,4]'
expect 'pages 2.0: parquetjs [false,false,null,false] [1,2,3,4]'
expect 'pages 2.0: hyparquet [true,false,null,true] [1,2,3,4]'

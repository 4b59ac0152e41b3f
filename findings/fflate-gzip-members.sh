#!/bin/sh
# fflate 0.8.3 and pako 3.0.3 (npm), CPython 3, Node from 20 on with npm.
#
# A gzip file may have several members, one behind the other: so it is if files are joined with cat, if rows are appended,
# and always with bgzip, whose last member is empty. gunzipSync and gunzip of fflate unpack the first member alone, and cut
# it to the length of the last one, which they take for the length of the whole. Of JSON Lines in two members there may be
# one row left, or the beginning of one; of a file of bgzip nothing. There is no message. Streams of the same library
# (Gunzip), Node's zlib, pako and Python's gzip unpack everything.
#
# Whoever reads shards of a data set in a browser or in Node should take Gunzip or pako, and count the rows.
#
# Output seen, rows of files that Python has written:
#   one member: zlib 1000, pako 1000, fflate's Gunzip 1000, fflate's gunzipSync 1000
#   appended: zlib 1001, pako 1001, fflate's Gunzip 1001, fflate's gunzipSync 1
#   joined: zlib 1001, pako 1001, fflate's Gunzip 1001, fflate's gunzipSync 1
#   as bgzip does: zlib 1000, pako 1000, fflate's Gunzip 1000, fflate's gunzipSync 0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"name": "none", "private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts fflate@0.8.3 pako@3.0.3 >&2
python3 - <<'PYTHON'
import gzip
import json


def rows(*numbers):
    return b"".join(json.dumps({"row": number}).encode() + b"\n" for number in numbers)


files = {
    "one member": [rows(*range(1000))],
    "appended": [rows(*range(1000)), rows(1000)],
    "joined": [rows(0), rows(*range(1, 1001))],
    "as bgzip does": [rows(*range(500)), rows(*range(500, 1000)), b""],
}
for name, members in files.items():
    path = name.replace(" ", "-") + ".jsonl.gz"
    for member in members:
        with gzip.open(path, "ab") as out:
            out.write(member)
    with gzip.open(path) as whole:
        assert whole.read() == b"".join(members)
PYTHON
cat >unpack.mjs <<'JAVASCRIPT'
import { readFileSync } from "node:fs";
import { gunzipSync as node } from "node:zlib";
import { Gunzip, gunzipSync } from "fflate";
import { ungzip } from "pako";

const rows = (bytes) => Buffer.from(bytes).toString().split("\n").length - 1;

const streamed = (packed) => {
  const chunks = [];
  new Gunzip((chunk) => chunks.push(chunk)).push(packed, true);
  return Buffer.concat(chunks);
};

for (const name of ["one member", "appended", "joined", "as bgzip does"]) {
  const packed = readFileSync(name.replaceAll(" ", "-") + ".jsonl.gz");
  console.log(
    `${name}: zlib ${rows(node(packed))}, pako ${rows(ungzip(packed))}, fflate's Gunzip ${rows(streamed(packed))}, ` +
      `fflate's gunzipSync ${rows(gunzipSync(packed))}`);
}
JAVASCRIPT
node unpack.mjs >out
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'one member: zlib 1000, pako 1000, fflate'\''s Gunzip 1000, fflate'\''s gunzipSync 1000'
expect 'appended: zlib 1001, pako 1001, fflate'\''s Gunzip 1001, fflate'\''s gunzipSync 1'
expect 'joined: zlib 1001, pako 1001, fflate'\''s Gunzip 1001, fflate'\''s gunzipSync 1'
expect 'as bgzip does: zlib 1000, pako 1000, fflate'\''s Gunzip 1000, fflate'\''s gunzipSync 0'

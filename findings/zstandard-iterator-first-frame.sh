#!/bin/sh
# zstandard 0.25.0, CPython 3.
#
# A .zst file may have several frames, one after the other: pzstd writes such files, and so does whoever joins shards with cat.
# ZstdDecompressor.read_to_iter, with which large JSON Lines are read piece by piece, ends after the first frame, without
# an error and with the rest of the file unread. stream_reader, copy_stream and zstandard.open of the same library go on.
# decompress and decompressobj end after the first frame too, as their documentation says.
#
# Whoever reads a data set with it counts rows, or uses zstandard.open.
#
# Output seen, rows of a file of two frames of five rows:
#   read_to_iter 5, stream_reader 10, copy_stream 10, open 10
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check zstandard==0.25.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io

import zstandard

rows = [b'{"row": %d}\n' % row for row in range(10)]
pack = zstandard.ZstdCompressor().compress
packed = pack(b"".join(rows[:5])) + pack(b"".join(rows[5:]))
with open("rows.jsonl.zst", "wb") as file:
    file.write(packed)
reader = zstandard.ZstdDecompressor()
copied = io.BytesIO()
reader.copy_stream(io.BytesIO(packed), copied)
seen = {
    "read_to_iter": b"".join(reader.read_to_iter(io.BytesIO(packed))).count(b"\n"),
    "stream_reader": reader.stream_reader(io.BytesIO(packed)).read().count(b"\n"),
    "copy_stream": copied.getvalue().count(b"\n"),
    "open": len(zstandard.open("rows.jsonl.zst", "rt").readlines()),
}
print(", ".join(f"{name} {count}" for name, count in seen.items()))
assert seen == {"read_to_iter": 5, "stream_reader": 10, "copy_stream": 10, "open": 10}, "behaves otherwise now"
PYTHON

#!/bin/sh
# hardwood 1.0.1.Final (Parquet in Java), pyarrow 25.0.1, CPython 3, a Java from 21 on in JAVA_HOME, Maven 3.
#
# A Parquet file may have a row group without rows: pyarrow writes one for an empty table. hardwood reads such a file if
# its columns are flat. If one is a list, reading fails for the whole file, and the rows of the other row groups cannot be
# had either. The error names a field of the metadata, not the empty row group. pyarrow reads both files.
#
# Output seen:
#   pyarrow flat 4 list 4
#   flat: 4 rows read
#   list: 0 rows read, UncheckedIOException: Failed to fetch metadata for row group 1
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyarrow==25.0.1
venv/bin/python - <<'PYTHON'
import pyarrow as pa
import pyarrow.parquet as pq

counts = []
for name, values in [("flat", ["x", "y"]), ("list", [["x"], ["y", "z"]])]:
    table = pa.table({"a": values})
    with pq.ParquetWriter(f"{name}.parquet", table.schema) as writer:
        writer.write_table(table)
        writer.write_table(table.slice(0, 0))
        writer.write_table(table)
    counts += [name, pq.read_table(f"{name}.parquet").num_rows]
print("pyarrow", *counts)
assert counts == ["flat", 4, "list", 4], "behaves otherwise now"
PYTHON
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy -DoutputDirectory=lib \
  -Dartifact=dev.hardwood:hardwood-core:1.0.1.Final >&2
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy -DoutputDirectory=lib \
  -Dartifact=org.xerial.snappy:snappy-java:1.1.10.8 >&2
cat >Read.java <<'JAVA'
import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;

class Read {
  public static void main(String[] names) throws Exception {
    for (var name : names) {
      var rows = 0;
      var end = "";
      try (var file = ParquetFileReader.open(InputFile.of(Path.of(name + ".parquet")));
          var reader = file.rowReader()) {
        while (reader.hasNext()) {
          reader.next();
          rows++;
        }
      } catch (UncheckedIOException e) {
        end = ", UncheckedIOException: " + e.getMessage().replaceAll("^\\[.*?\\] ", "");
      }
      System.out.println(name + ": " + rows + " rows read" + end);
    }
  }
}
JAVA
"$JAVA_HOME/bin/java" -cp 'lib/*' Read.java flat list 2>log >out || { cat log; exit 1; }
cat out
grep -qx 'flat: 4 rows read' out || { echo 'behaves otherwise now'; exit 1; }
grep -qx 'list: 0 rows read, UncheckedIOException: Failed to fetch metadata for row group 1' out || { echo 'behaves otherwise now'; exit 1; }

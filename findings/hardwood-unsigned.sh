#!/bin/sh
# hardwood-core 1.0.1.Final (Parquet in Java), pyarrow 25.0.1, CPython 3, a Java from 21 on in JAVA_HOME, Maven 3.
#
# getValue of hardwood gives each value as the logical type of its column says: a decimal, a date, a half, a Byte for 8 bits
# with a sign. Unsigned numbers of 32 and of 64 bits it gives as Integer and Long, so those above the greatest Integer or Long
# are negative. There is no message. Columns uint32 and uint64 are usual for hashes, row ids, lengths and token ids that come
# from numpy, polars or Rust.
#
# Whoever reads with hardwood must look at the schema, and take Integer.toUnsignedLong and Long.toUnsignedString.
#
# Output seen:
#   pyarrow uint8 200
#   pyarrow uint16 60000
#   pyarrow uint32 4000000000
#   pyarrow uint64 18000000000000000000
#   pyarrow int8 -5
#   pyarrow half 1.5
#   pyarrow decimal 1.25
#   hardwood uint8 200 Integer
#   hardwood uint16 60000 Integer
#   hardwood uint32 -294967296 Integer
#   hardwood uint64 -446744073709551616 Long
#   hardwood int8 -5 Byte
#   hardwood half 1.5 Float
#   hardwood decimal 1.25 BigDecimal
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyarrow==25.0.1
venv/bin/python - <<'PYTHON'
import decimal

import pyarrow as pa
import pyarrow.parquet as pq

columns = {
    "uint8": pa.array([200], pa.uint8()),
    "uint16": pa.array([60000], pa.uint16()),
    "uint32": pa.array([4000000000], pa.uint32()),
    "uint64": pa.array([18000000000000000000], pa.uint64()),
    "int8": pa.array([-5], pa.int8()),
    "half": pa.array([1.5], pa.float16()),
    "decimal": pa.array([decimal.Decimal("1.25")]),
}
pq.write_table(pa.table(columns), "numbers.parquet")
for name, column in zip(columns, pq.read_table("numbers.parquet").columns):
    print("pyarrow", name, column[0].as_py())
PYTHON
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy -DoutputDirectory=lib \
  -Dartifact=dev.hardwood:hardwood-core:1.0.1.Final >&2
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy -DoutputDirectory=lib \
  -Dartifact=org.xerial.snappy:snappy-java:1.1.10.8 >&2
cat >Read.java <<'JAVA'
import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import java.nio.file.Path;

class Read {
  public static void main(String[] arguments) throws Exception {
    try (var file = ParquetFileReader.open(InputFile.of(Path.of("numbers.parquet")));
        var reader = file.rowReader()) {
      reader.next();
      for (var i = 0; i < reader.getFieldCount(); i++) {
        var value = reader.getValue(i);
        System.out.println(
            "hardwood " + reader.getFieldName(i) + " " + value + " " + value.getClass().getSimpleName());
      }
    }
  }
}
JAVA
"$JAVA_HOME/bin/java" -cp 'lib/*' Read.java 2>log >out || { cat log; exit 1; }
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'hardwood uint8 200 Integer'
expect 'hardwood uint16 60000 Integer'
expect 'hardwood uint32 -294967296 Integer'
expect 'hardwood uint64 -446744073709551616 Long'
expect 'hardwood int8 -5 Byte'
expect 'hardwood half 1.5 Float'
expect 'hardwood decimal 1.25 BigDecimal'

#!/bin/sh
# org.nd4j:nd4j-native 1.0.0-M2.1 (the arrays of Deeplearning4j), numpy 2.4.6, Linux on x86-64, CPython 3, a Java from 11 on
# in JAVA_HOME, Maven 3.
#
# Nd4j.toNpyByteArray writes the memory from the array's first number on, as it lies, under the array's own shape. An array
# in Fortran's order, a transposed matrix and a column have their values in the wrong places in numpy, and a row that is not
# the first has the values of the first. Nd4j.createFromNpyFile does not heed fortran_order, which numpy.save sets for a
# transposed matrix: then the values are in the wrong places in Java. Nothing is said.
#
# Whoever compares a model's tensors between Java and numpy must call dup('c') before writing here, and
# numpy.ascontiguousarray before writing there.
#
# Output seen:
#   numpy reads of ND4J: matrix equal True, fortran [[0, 3, 1], [4, 2, 5]], transposed [[0, 1], [2, 3], [4, 5]], column [0, 1], row [0, 1, 2]
#   after dup('c'): all equal True
#   right would be: fortran [[0, 1, 2], [3, 4, 5]], transposed [[0, 3], [1, 4], [2, 5]], column [1, 4], row [3, 4, 5]
#   ND4J reads of numpy: matrix [0.0, 1.0, 2.0][3.0, 4.0, 5.0]; transposed [0.0, 1.0][2.0, 3.0][4.0, 5.0]
#   right would be: matrix [0.0, 1.0, 2.0][3.0, 4.0, 5.0]; transposed [0.0, 3.0][1.0, 4.0][2.0, 5.0]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check numpy==2.4.6
cat >pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>none</groupId><artifactId>none</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.nd4j</groupId><artifactId>nd4j-native</artifactId><version>1.0.0-M2.1</version>
    </dependency>
    <dependency>
      <groupId>org.nd4j</groupId><artifactId>nd4j-native</artifactId><version>1.0.0-M2.1</version>
      <classifier>linux-x86_64</classifier>
    </dependency>
    <dependency>
      <groupId>org.bytedeco</groupId><artifactId>openblas</artifactId><version>0.3.21-1.5.8</version>
      <classifier>linux-x86_64</classifier>
    </dependency>
    <dependency>
      <groupId>org.bytedeco</groupId><artifactId>javacpp</artifactId><version>1.5.8</version>
      <classifier>linux-x86_64</classifier>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies -DincludeScope=runtime -DoutputDirectory=lib >&2
venv/bin/python - <<'PYTHON'
import numpy

matrix = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
numpy.save("matrix.npy", matrix)
numpy.save("transposed.npy", matrix.T)
PYTHON
cat >Exchange.java <<'JAVA'
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

class Exchange {
  public static void main(String[] arguments) throws Exception {
    var matrix = Nd4j.arange(6).castTo(DataType.FLOAT).reshape(2, 3);
    var arrays =
        Map.of(
            "matrix", matrix,
            "fortran", matrix.dup('f'),
            "transposed", matrix.transpose(),
            "column", matrix.getColumn(1),
            "row", matrix.getRow(1));
    for (var array : arrays.entrySet()) {
      Files.write(Path.of("java-" + array.getKey() + ".npy"), Nd4j.toNpyByteArray(array.getValue()));
      Files.write(Path.of("dup-" + array.getKey() + ".npy"), Nd4j.toNpyByteArray(array.getValue().dup('c')));
    }
    for (var name : new String[] {"matrix", "transposed"}) {
      var read = Nd4j.createFromNpyFile(Path.of(name + ".npy").toFile());
      var rows = read.toFloatMatrix();
      var line = new StringBuilder();
      for (var row : rows) {
        line.append(Arrays.toString(row));
      }
      System.out.println(name + " " + line);
    }
  }
}
JAVA
JAVA_TOOL_OPTIONS="-Dorg.bytedeco.javacpp.cachedir=$folder/natives" \
  "$JAVA_HOME/bin/java" -cp 'lib/*' Exchange.java 2>log >read || { cat log; exit 1; }
venv/bin/python - <<'PYTHON'
import numpy

matrix = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
right = {"matrix": matrix, "fortran": matrix, "transposed": matrix.T, "column": matrix[:, 1], "row": matrix[1]}


def read(name, kind="java"):
    return numpy.load(f"{kind}-{name}.npy").reshape(right[name].shape)


def say(arrays):
    return ", ".join(f"{name} {array.astype(int).tolist()}" for name, array in arrays.items() if name != "matrix")


seen = {name: read(name) for name in right}
equal = {name: numpy.array_equal(seen[name], array) for name, array in right.items()}
copied = all(numpy.array_equal(read(name, "dup"), array) for name, array in right.items())
print(f"numpy reads of ND4J: matrix equal {equal['matrix']}, {say(seen)}")
print("after dup('c'): all equal", copied)
print("right would be:", say(right))
with open("read") as file:
    lines = [line.strip() for line in file if line.startswith(("matrix", "transposed"))]
print("ND4J reads of numpy:", "; ".join(lines))
print("right would be: matrix", "".join(str(row) for row in matrix.tolist()), end="; ")
print("transposed", "".join(str(row) for row in matrix.T.tolist()))
assert [name for name in right if equal[name]] == ["matrix"], "behaves otherwise now"
assert copied
assert lines == ["matrix [0.0, 1.0, 2.0][3.0, 4.0, 5.0]", "transposed [0.0, 1.0][2.0, 3.0][4.0, 5.0]"], "behaves otherwise now"
PYTHON

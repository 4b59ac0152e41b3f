#!/bin/sh
# org.nd4j:nd4j-native 1.0.0-M2.1 (SameDiff, the graphs of Deeplearning4j), Linux on x86-64, a Java from 11 on in JAVA_HOME,
# Maven 3.
#
# gather(table, ids, 0) of SameDiff is its embedding: it takes the rows of a table that the ids name. Its gradient gives each
# row the gradient of another place: the row of the token 2 gets what stands at place 2, whichever token stands there. Tokens
# that come several times get it once. (doDiff in Gather.java says put(indices, values, indices), where the last argument should
# count the places.) If an id is not less than the number of ids, there is an error. Otherwise there is no message: so it is for
# bytes, characters or labels, whose tables are smaller than a batch, while the loss of the rest of the model falls.
#
# Whoever trains an embedding in SameDiff should multiply a one-hot matrix with the table, as is run here, and compare
# gradients with small changes of the loss.
#
# Output seen, for a table of 3 rows, and gradients of 1, 10, 100 and so on at the places of the ids:
#   ids [0, 1, 2]: one-hot [1, 10, 100], gather [1, 10, 100]
#   ids [2, 0, 1]: one-hot [10, 100, 1], gather [1, 10, 100]
#   ids [0, 1, 0, 0]: one-hot [1101, 10, 0], gather [1, 10, 0]
#   ids [2, 2, 1, 1, 1]: one-hot [0, 11100, 11], gather [0, 10, 100]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
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
cat >Gradients.java <<'JAVA'
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class Gradients {
  static INDArray of(int[] ids, boolean gather) {
    var graph = SameDiff.create();
    var table = graph.var("table", Nd4j.zeros(DataType.FLOAT, 3, 2));
    var tokens = graph.constant(Nd4j.createFromArray(ids));
    SDVariable embedded =
        gather ? graph.gather(table, tokens, 0) : graph.mmul(graph.oneHot(tokens, 3).castTo(DataType.FLOAT), table);
    var weights = Nd4j.create(DataType.FLOAT, ids.length, 2);
    for (var place = 0; place < ids.length; place++) {
      weights.putRow(place, Nd4j.valueArrayOf(new long[] {2}, Math.pow(10, place), DataType.FLOAT));
    }
    embedded.mul(graph.constant(weights)).sum().markAsLoss();
    return graph.calculateGradients(Map.of(), "table").get("table");
  }

  static String rows(INDArray table) {
    var rows = new ArrayList<Integer>();
    for (var row = 0; row < 3; row++) {
      rows.add((int) table.getDouble(row, 0));
    }
    return rows.toString();
  }

  public static void main(String[] arguments) {
    for (var ids : new int[][] {{0, 1, 2}, {2, 0, 1}, {0, 1, 0, 0}, {2, 2, 1, 1, 1}}) {
      System.out.println(
          "ids " + Arrays.toString(ids) + ": one-hot " + rows(of(ids, false)) + ", gather " + rows(of(ids, true)));
    }
  }
}
JAVA
JAVA_TOOL_OPTIONS="-Dorg.bytedeco.javacpp.cachedir=$folder/natives" \
  "$JAVA_HOME/bin/java" -cp 'lib/*' Gradients.java 2>log >all || { cat log; exit 1; }
grep '^ids' all >out
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'ids [0, 1, 2]: one-hot [1, 10, 100], gather [1, 10, 100]'
expect 'ids [2, 0, 1]: one-hot [10, 100, 1], gather [1, 10, 100]'
expect 'ids [0, 1, 0, 0]: one-hot [1101, 10, 0], gather [1, 10, 0]'
expect 'ids [2, 2, 1, 1, 1]: one-hot [0, 11100, 11], gather [0, 10, 100]'

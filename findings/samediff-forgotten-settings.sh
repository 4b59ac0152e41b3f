#!/bin/sh
# org.nd4j:nd4j-native 1.0.0-M2.1 (SameDiff, the graphs of Deeplearning4j), Linux on x86-64, a Java from 11 on in JAVA_HOME,
# Maven 3.
#
# SameDiff makes the graph of gradients, and a graph that is loaded from a file, of copies of the operations, and some copies
# have other settings. variance without bias correction, as in a norm that is written out, has the gradient of the corrected
# one, and a saved graph computes the corrected variance after loading: 1.5 times as large for 3 numbers. cumsum is read back
# with its flag for the direction as one more axis, and without the flag (configureFromArguments in CumSum.java): the gradient
# along the second axis of a matrix adds over both, and the one of a reverse sum is wrong. cumprod, whatever its settings, has
# the gradient 0: what is before it is not learned. There is no message.
#
# Whoever trains with these should write the variance as the mean of the squared differences, and cumsum as a product with a
# triangular matrix; and compare a loaded graph with the saved one.
#
# Output seen:
#   variance, value: 1.56 4.67
#   variance, saved and loaded: 2.33 7.00
#   variance, gradient: -1.33 -0.33 1.67 -2.00 -1.00 3.00
#   variance, gradient by differences: -0.89 -0.22 1.11 -1.33 -0.67 2.00
#   cumsum, value: 1.00 3.00 7.00 2.00 5.00 12.00
#   cumsum, saved and loaded: 1.00 3.00 7.00 2.00 5.00 12.00
#   cumsum, gradient: 6.00 5.00 4.00 3.00 2.00 1.00
#   cumsum, gradient by differences: 3.00 2.00 1.00 3.00 2.00 1.00
#   reverse cumsum, value: 7.00 6.00 4.00 12.00 10.00 7.00
#   reverse cumsum, saved and loaded: 7.00 6.00 4.00 12.00 10.00 7.00
#   reverse cumsum, gradient: 3.00 2.00 1.00 3.00 2.00 1.00
#   reverse cumsum, gradient by differences: 1.00 2.00 3.00 1.00 2.00 3.00
#   cumprod, value: 1.00 2.00 8.00 2.00 6.00 42.00
#   cumprod, saved and loaded: 1.00 2.00 8.00 2.00 6.00 42.00
#   cumprod, gradient: 0.00 0.00 0.00 0.00 0.00 0.00
#   cumprod, gradient by differences: 11.00 5.00 2.00 25.00 16.00 6.00
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
cat >Copies.java <<'JAVA'
import java.io.File;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class Copies {
  static final double[][] NUMBERS = {{1, 2, 4}, {2, 3, 7}};

  static String text(INDArray array) {
    var line = new StringBuilder();
    for (var place = 0; place < array.length(); place++) {
      line.append(String.format(Locale.ROOT, " %.2f", array.dup('c').reshape(array.length()).getDouble(place)));
    }
    return line.toString();
  }

  static INDArray byDifferences(BiFunction<SameDiff, SDVariable, SDVariable> operation) {
    var gradient = Nd4j.create(NUMBERS);
    for (var place = 0; place < 6; place++) {
      var sums = new double[2];
      for (var side = 0; side < 2; side++) {
        var numbers = Nd4j.createFromArray(NUMBERS);
        numbers.putScalar(place / 3, place % 3, NUMBERS[place / 3][place % 3] + (side - 0.5) * 1e-3);
        var graph = SameDiff.create();
        sums[side] = operation.apply(graph, graph.var("numbers", numbers)).eval().sumNumber().doubleValue();
      }
      gradient.putScalar(place / 3, place % 3, (sums[1] - sums[0]) / 1e-3);
    }
    return gradient;
  }

  static void print(String name, BiFunction<SameDiff, SDVariable, SDVariable> operation) throws Exception {
    var graph = SameDiff.create();
    var result = operation.apply(graph, graph.var("numbers", Nd4j.createFromArray(NUMBERS)));
    System.out.println(name + ", value:" + text(result.eval()));
    graph.save(new File("graph"), false);
    System.out.println(name + ", saved and loaded:" + text(SameDiff.load(new File("graph"), false).getVariable(result.name()).eval()));
    result.sum().markAsLoss();
    System.out.println(name + ", gradient:" + text(graph.calculateGradients(Map.of(), "numbers").get("numbers")));
    System.out.println(name + ", gradient by differences:" + text(byDifferences(operation)));
  }

  public static void main(String[] arguments) throws Exception {
    print("variance", (graph, numbers) -> graph.variance(numbers, false, 1));
    print("cumsum", (graph, numbers) -> graph.cumsum(numbers, false, false, 1));
    print("reverse cumsum", (graph, numbers) -> graph.cumsum(numbers, false, true, 1));
    print("cumprod", (graph, numbers) -> graph.cumprod(numbers, false, false, 1));
  }
}
JAVA
JAVA_TOOL_OPTIONS="-Dorg.bytedeco.javacpp.cachedir=$folder/natives" \
  "$JAVA_HOME/bin/java" -cp 'lib/*' Copies.java 2>log >all || { cat log; exit 1; }
grep ', .*:' all >out
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'variance, value: 1.56 4.67'
expect 'variance, saved and loaded: 2.33 7.00'
expect 'variance, gradient: -1.33 -0.33 1.67 -2.00 -1.00 3.00'
expect 'variance, gradient by differences: -0.89 -0.22 1.11 -1.33 -0.67 2.00'
expect 'cumsum, value: 1.00 3.00 7.00 2.00 5.00 12.00'
expect 'cumsum, saved and loaded: 1.00 3.00 7.00 2.00 5.00 12.00'
expect 'cumsum, gradient: 6.00 5.00 4.00 3.00 2.00 1.00'
expect 'cumsum, gradient by differences: 3.00 2.00 1.00 3.00 2.00 1.00'
expect 'reverse cumsum, value: 7.00 6.00 4.00 12.00 10.00 7.00'
expect 'reverse cumsum, saved and loaded: 7.00 6.00 4.00 12.00 10.00 7.00'
expect 'reverse cumsum, gradient: 3.00 2.00 1.00 3.00 2.00 1.00'
expect 'reverse cumsum, gradient by differences: 1.00 2.00 3.00 1.00 2.00 3.00'
expect 'cumprod, value: 1.00 2.00 8.00 2.00 6.00 42.00'
expect 'cumprod, saved and loaded: 1.00 2.00 8.00 2.00 6.00 42.00'
expect 'cumprod, gradient: 0.00 0.00 0.00 0.00 0.00 0.00'
expect 'cumprod, gradient by differences: 11.00 5.00 2.00 25.00 16.00 6.00'

#!/bin/sh
# org.nd4j:nd4j-native 1.0.0-M2.1 (SameDiff, the graphs of Deeplearning4j), Linux on x86-64, a Java from 11 on in JAVA_HOME,
# Maven 3.
#
# Losses of SameDiff's loss() pass over what is done with their results: their gradients are those of the sum or mean that
# they return, as if it were the end of the graph (doDiff in SparseSoftmaxCrossEntropyLossWithLogits.java, L2Loss.java,
# MeanSquaredErrorLoss.java and the others does not use the gradient that it is given). So sparseSoftmaxCrossEntropy gives a
# loss for each token, but a mask on them does not keep prompts and padding from being learned; a mean has the gradient of the
# sum; l2Loss times 0.01 decays the weights as l2Loss; the weights of several losses that are added do not count, and a
# negative one is learned the wrong way round. The value of the loss is right. There is no message, and the documentation of
# these methods does not say it. (Issue 9026 of Deeplearning4j asks for that.)
#
# Whoever masks, averages or weighs losses should write the loss out, as is run here, or use the argument weights where there
# is one.
#
# Output seen, gradients of the logits of two tokens among three:
#   losses added, library: 0.58 -0.79 0.21 0.11 -0.21 0.11
#   losses added, written out: 0.58 -0.79 0.21 0.11 -0.21 0.11
#   the first masked, library: 0.58 -0.79 0.21 0.11 -0.21 0.11
#   the first masked, written out: -0.00 -0.00 -0.00 0.11 -0.21 0.11
#   mean, library: 0.58 -0.79 0.21 0.11 -0.21 0.11
#   mean, written out: 0.29 -0.39 0.11 0.05 -0.11 0.05
#   0.01 times l2Loss: 1.00 0.00 0.00 0.00 2.00 0.00
#   0.01 times half the squares: 0.01 0.00 0.00 0.00 0.02 0.00
#   minus meanSquaredError: 2.00 0.00 0.00 0.00 4.00 0.00
#   minus the squares: -2.00 -0.00 -0.00 -0.00 -4.00 -0.00
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
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import org.nd4j.autodiff.loss.LossReduce;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class Gradients {
  static final double[][] LOGITS = {{1, 0, 0}, {0, 2, 0}};

  static INDArray gradient(BiFunction<SameDiff, SDVariable, SDVariable> loss) {
    var graph = SameDiff.create();
    loss.apply(graph, graph.var("logits", Nd4j.createFromArray(LOGITS))).markAsLoss();
    return graph.calculateGradients(Map.of(), "logits").get("logits");
  }

  static void print(String name, BiFunction<SameDiff, SDVariable, SDVariable> loss) {
    var line = new StringBuilder(name).append(':');
    var gradient = gradient(loss);
    for (var place = 0; place < 6; place++) {
      line.append(String.format(Locale.ROOT, " %.2f", gradient.getDouble(place / 3, place % 3)));
    }
    System.out.println(line);
  }

  static SDVariable constant(SameDiff graph, double... numbers) {
    return graph.constant(Nd4j.createFromArray(numbers));
  }

  static SDVariable library(SameDiff graph, SDVariable logits) {
    return graph.loss().sparseSoftmaxCrossEntropy(logits, graph.constant(Nd4j.createFromArray(1, 1)));
  }

  static SDVariable written(SameDiff graph, SDVariable logits) {
    var labels = graph.constant(Nd4j.createFromArray(new double[][] {{0, 1, 0}, {0, 1, 0}}));
    return graph.nn().logSoftmax(logits).mul(labels).sum(1).neg();
  }

  static SDVariable squares(SameDiff graph, SDVariable logits) {
    return graph.loss().meanSquaredError(logits.mul(0), logits, null, LossReduce.SUM);
  }

  public static void main(String[] arguments) {
    print("losses added, library", (graph, logits) -> library(graph, logits).sum());
    print("losses added, written out", (graph, logits) -> written(graph, logits).sum());
    print("the first masked, library", (graph, logits) -> library(graph, logits).mul(constant(graph, 0, 1)).sum());
    print("the first masked, written out", (graph, logits) -> written(graph, logits).mul(constant(graph, 0, 1)).sum());
    print("mean, library", (graph, logits) -> library(graph, logits).mean());
    print("mean, written out", (graph, logits) -> written(graph, logits).mean());
    print("0.01 times l2Loss", (graph, logits) -> graph.loss().l2Loss(logits).mul(0.01));
    print("0.01 times half the squares", (graph, logits) -> logits.mul(logits).sum().mul(0.5).mul(0.01));
    print("minus meanSquaredError", (graph, logits) -> squares(graph, logits).neg());
    print("minus the squares", (graph, logits) -> logits.mul(logits).sum().neg());
  }
}
JAVA
JAVA_TOOL_OPTIONS="-Dorg.bytedeco.javacpp.cachedir=$folder/natives" \
  "$JAVA_HOME/bin/java" -cp 'lib/*' Gradients.java 2>log >all || { cat log; exit 1; }
grep ': ' all | grep -v differentiated >out
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'losses added, library: 0.58 -0.79 0.21 0.11 -0.21 0.11'
expect 'losses added, written out: 0.58 -0.79 0.21 0.11 -0.21 0.11'
expect 'the first masked, library: 0.58 -0.79 0.21 0.11 -0.21 0.11'
expect 'the first masked, written out: -0.00 -0.00 -0.00 0.11 -0.21 0.11'
expect 'mean, library: 0.58 -0.79 0.21 0.11 -0.21 0.11'
expect 'mean, written out: 0.29 -0.39 0.11 0.05 -0.11 0.05'
expect '0.01 times l2Loss: 1.00 0.00 0.00 0.00 2.00 0.00'
expect '0.01 times half the squares: 0.01 0.00 0.00 0.00 0.02 0.00'
expect 'minus meanSquaredError: 2.00 0.00 0.00 0.00 4.00 0.00'
expect 'minus the squares: -2.00 -0.00 -0.00 -0.00 -4.00 -0.00'

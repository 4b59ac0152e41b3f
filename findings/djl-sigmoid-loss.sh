#!/bin/sh
# ai.djl:api and ai.djl.pytorch:pytorch-engine 0.36.0 with PyTorch 2.7.1 (pytorch-jni, pytorch-native-cpu), Linux on x86-64, a
# Java from 17 on in JAVA_HOME, Maven 3.
#
# SigmoidBinaryCrossEntropyLoss of DJL, made with fromSigmoid = true for a network that ends in a sigmoid, lacks the minus:
# it returns the logarithm of the likelihood, which the optimizer makes small. Training then drives every probability to the
# wrong answer. There is no message; the loss falls all the time, as a loss should, but it is negative.
# With fromSigmoid = false, for outputs before the sigmoid, the loss is right, but its gradient is not where an output is
# exactly 0, as at the start of a last layer of zeros: it is 0 for the label 0, and -1 for the label 1, where 0.5 and -0.5 are
# right. Such an output of the label 0 stays where it is, unless other rows move it. (api 0.38.0 has the same lines; not run
# here.)
#
# Whoever trains a classifier or a reward model in DJL must leave the sigmoid out of the network, and begin with a last
# layer that is not zero.
#
# Output seen, for the labels 1 and 0: the loss of a right and of a wrong network, and the probabilities after 50 steps:
#   fromSigmoid false: right 0.11, wrong 2.30; begun with outputs of 0.1 0.96 and 0.04, of 0 0.96 and 0.50
#   fromSigmoid true: right -0.11, wrong -2.30; begun with outputs of 0.1 0.00 and 1.00, of 0 0.00 and 1.00
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
      <groupId>ai.djl.pytorch</groupId><artifactId>pytorch-engine</artifactId><version>0.36.0</version>
    </dependency>
    <dependency>
      <groupId>ai.djl.pytorch</groupId><artifactId>pytorch-jni</artifactId><version>2.7.1-0.36.0</version>
    </dependency>
    <dependency>
      <groupId>ai.djl.pytorch</groupId><artifactId>pytorch-native-cpu</artifactId><version>2.7.1</version>
      <classifier>linux-x86_64</classifier>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies -DincludeScope=runtime -DoutputDirectory=lib >&2
cat >Losses.java <<'JAVA'
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Activation;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.Locale;

class Losses {
  public static void main(String[] arguments) {
    try (var manager = NDManager.newBaseManager()) {
      var labels = new NDList(manager.create(new float[] {1, 0}));
      for (var fromSigmoid : new boolean[] {false, true}) {
        var loss = Loss.sigmoidBinaryCrossEntropyLoss("loss", 1, fromSigmoid);
        var right = manager.create(new float[] {2.1972246f, -2.1972246f}); // the sigmoid is 0.9 and 0.1
        System.out.printf(
            Locale.ROOT,
            "fromSigmoid %b: right %.2f, wrong %.2f; begun with outputs of 0.1 %s, of 0 %s%n",
            fromSigmoid,
            loss.evaluate(labels, output(right, fromSigmoid)).getFloat(),
            loss.evaluate(labels, output(right.neg(), fromSigmoid)).getFloat(),
            trained(manager.create(new float[] {0.1f, 0.1f}), fromSigmoid, loss, labels),
            trained(manager.create(new float[] {0, 0}), fromSigmoid, loss, labels));
      }
    }
  }

  static String trained(NDArray weights, boolean fromSigmoid, Loss loss, NDList labels) {
    weights.setRequiresGradient(true);
    var optimizer = Optimizer.sgd().setLearningRateTracker(Tracker.fixed(1)).build();
    for (var step = 0; step < 50; step++) {
      try (var collector = Engine.getInstance().newGradientCollector()) {
        collector.backward(loss.evaluate(labels, output(weights, fromSigmoid)));
      }
      optimizer.update("weights", weights, weights.getGradient());
    }
    var probabilities = Activation.sigmoid(weights).toFloatArray();
    return String.format(Locale.ROOT, "%.2f and %.2f", probabilities[0], probabilities[1]);
  }

  static NDList output(NDArray weights, boolean fromSigmoid) {
    return new NDList(fromSigmoid ? Activation.sigmoid(weights) : weights);
  }
}
JAVA
DJL_CACHE_DIR="$folder/djl" ENGINE_CACHE_DIR="$folder/djl" DJL_OFFLINE=true \
  "$JAVA_HOME/bin/java" -cp 'lib/*' Losses.java 2>log >out || { cat log; exit 1; }
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'fromSigmoid false: right 0.11, wrong 2.30; begun with outputs of 0.1 0.96 and 0.04, of 0 0.96 and 0.50'
expect 'fromSigmoid true: right -0.11, wrong -2.30; begun with outputs of 0.1 0.00 and 1.00, of 0 0.00 and 1.00'

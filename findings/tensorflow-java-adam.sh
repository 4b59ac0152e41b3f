#!/bin/sh
# org.tensorflow:tensorflow-framework and tensorflow-core-native 1.1.0 (TensorFlow for Java), Linux on x86-64 with several
# cores, a Java from 11 on in JAVA_HOME, Maven 3.
#
# Adam of TensorFlow for Java multiplies the powers of beta 1 and beta 2, from which a step's corrections come, in the same
# run of the graph in which the weights are updated, without saying which is first. So each variable sees the powers of this
# step or of the next, of either beta, as the threads happen to run: the first step is half of the rate, three quarters, or
# nearly one and a half times the rate, and few runs have the same weights, though all else is the same and nothing is
# random. Adamax has the same fault with one power. Gradient descent gives the same bits each time. (In Python's TensorFlow
# the powers follow the updates.) There is no message.
#
# Whoever trains in TensorFlow for Java, and compares runs or resumes them, should take Momentum or AdaGrad.
#
# Output seen, one weight after one step and after five, for a rate of 0.001, where right are 0.001 and 0.005
# (which of them come, and how often, differs from call to call):
#   GradientDescent, 60 runs: after one step 0.00100; after five 1 different weights, from 0.00500 to 0.00500
#   Adam, 60 runs: after one step 0.00053 or 0.00074 or 0.00141; after five 31 different weights, from 0.00373 to 0.00601
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
      <groupId>org.tensorflow</groupId><artifactId>tensorflow-framework</artifactId><version>1.1.0</version>
    </dependency>
    <dependency>
      <groupId>org.tensorflow</groupId><artifactId>tensorflow-core-native</artifactId><version>1.1.0</version>
    </dependency>
    <dependency>
      <groupId>org.tensorflow</groupId><artifactId>tensorflow-core-native</artifactId><version>1.1.0</version>
      <classifier>linux-x86_64</classifier>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies -DincludeScope=runtime -DoutputDirectory=lib >&2
cat >Steps.java <<'JAVA'
import java.util.Locale;
import java.util.TreeSet;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.framework.optimizers.Adam;
import org.tensorflow.framework.optimizers.GradientDescent;
import org.tensorflow.framework.optimizers.Optimizer;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

class Steps {
  interface Making {
    Optimizer of(Graph graph);
  }

  /** The weight after each of so many steps from 0, for a gradient of 0.5. */
  static float[] weights(Making optimizer, int steps) {
    try (var graph = new Graph();
        var session = new Session(graph)) {
      var tf = Ops.create(graph);
      var weight = tf.variable(tf.constant(0f));
      var update = optimizer.of(graph).minimize(tf.math.mul(weight, tf.constant(0.5f)));
      session.initialize();
      var weights = new float[steps];
      for (var i = 0; i < steps; i++) {
        session.run(update);
        try (var fetched = session.runner().fetch(weight).run()) {
          weights[i] = ((TFloat32) fetched.get(0)).getFloat();
        }
      }
      return weights;
    }
  }

  static void print(String name, Making optimizer) {
    var first = new TreeSet<String>();
    var last = new TreeSet<Float>();
    for (var run = 0; run < 60; run++) {
      var weights = weights(optimizer, 5);
      first.add(String.format(Locale.ROOT, "%.5f", -weights[0]));
      last.add(-weights[4]);
    }
    System.out.printf(
        Locale.ROOT,
        "%s, 60 runs: after one step %s; after five %d different weights, from %.5f to %.5f%n",
        name,
        String.join(" or ", first),
        last.size(),
        last.first(),
        last.last());
  }

  public static void main(String[] arguments) {
    print("GradientDescent", graph -> new GradientDescent(graph, 0.002f));
    print("Adam", graph -> new Adam(graph, 0.001f));
  }
}
JAVA
JAVA_TOOL_OPTIONS="-Dorg.bytedeco.javacpp.cachedir=$folder/natives" \
  "$JAVA_HOME/bin/java" -cp 'lib/*' Steps.java 2>log >out || { cat log; exit 1; }
cat out
expect() {
  grep -qxE "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'GradientDescent, 60 runs: after one step 0\.00100; after five 1 different weights, from 0\.00500 to 0\.00500'
expect 'Adam, 60 runs: after one step 0.* or 0.*; after five ([3-9]|[1-9][0-9]) different weights, from .*'

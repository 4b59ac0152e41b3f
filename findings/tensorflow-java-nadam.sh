#!/bin/sh
# org.tensorflow:tensorflow-framework and tensorflow-core-native 1.1.0 (TensorFlow for Java), Linux on x86-64, a Java from 11
# on in JAVA_HOME, Maven 3.
#
# Nadam of TensorFlow for Java puts the number of the step into the graph as a constant when the graph is made. Every step is
# then corrected as the first: the second moment is divided by 1 - 0.999 for ever. As it grows the steps become a tenth
# of the rate, after a hundred of them, and then a thirtieth. Adamax beside it makes steps of the rate's size, as Nadam of
# Keras and PyTorch does. There is no message; the loss falls at first, and then hardly any more.
#
# Whoever trains with it should take Momentum or another optimizer, or compare the steps with the rate.
#
# Output seen, the steps for a rate of 0.001 and gradients that stay the same:
#   Adamax: the first 5.3e-04, the hundredth 1.0e-03, the last of 3000 1.0e-03
#   Nadam: the first 1.1e-03, the hundredth 1.0e-04, the last of 3000 3.2e-05
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
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.framework.optimizers.Adamax;
import org.tensorflow.framework.optimizers.Nadam;
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
    var weights = weights(optimizer, 3000);
    System.out.printf(
        Locale.ROOT,
        "%s: the first %.1e, the hundredth %.1e, the last of 3000 %.1e%n",
        name,
        -weights[0],
        weights[98] - weights[99],
        weights[2998] - weights[2999]);
  }

  public static void main(String[] arguments) {
    print("Adamax", graph -> new Adamax(graph, 0.001f));
    print("Nadam", graph -> new Nadam(graph, 0.001f));
  }
}
JAVA
JAVA_TOOL_OPTIONS="-Dorg.bytedeco.javacpp.cachedir=$folder/natives" \
  "$JAVA_HOME/bin/java" -cp 'lib/*' Steps.java 2>log >out || { cat log; exit 1; }
cat out
expect() {
  grep -qxE "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'Adamax: .* the hundredth 1\.0e-03, the last of 3000 1\.0e-03'
expect 'Nadam: .* the hundredth .*e-04, the last of 3000 3\..e-05'

#!/bin/sh
# org.nd4j:nd4j-native 1.0.0-M2.1 (the optimizers of Deeplearning4j and SameDiff), Linux on x86-64, a Java from 11 on in
# JAVA_HOME, Maven 3.
#
# Nadam of ND4J corrects the first moment for its start at zero, but not the second one. With the usual beta 2 of 0.999 the
# first step is 60 times the rate, the tenth ten times, and the thousandth is still a quarter too large. In PyTorch's NAdam
# the first steps are about the rate. For one row of gradients all of ND4J's other optimizers that PyTorch has too gave
# PyTorch's steps; Adam is run here. There is no message.
#
# Whoever fine-tunes with it throws the weights far away in the first steps. Take Adam, or a long warm-up.
#
# Output seen, the steps divided by the rate, for gradients that stay the same:
#   Adam, step 1 1.00, step 2 1.00, step 10 1.00, step 100 1.00, step 1000 1.00, step 5000 1.00
#   Nadam, step 1 60.08, step 2 31.90, step 10 10.56, step 100 3.24, step 1000 1.26, step 5000 1.00
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
cat >Steps.java <<'JAVA'
import java.util.List;
import java.util.Locale;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nadam;

class Steps {
  static final double RATE = 1e-4;

  static void print(IUpdater configuration) {
    var state = Nd4j.create(DataType.FLOAT, 1, configuration.stateSize(1));
    var updater = configuration.instantiate(state, true);
    updater.setStateViewArray(state, new long[] {1, 1}, 'c', true);
    var line = new StringBuilder(configuration.getClass().getSimpleName());
    for (var step = 0; step < 5000; step++) {
      var gradient = Nd4j.createFromArray(new float[][] {{0.5f}});
      updater.applyUpdater(gradient, step, 0);
      if (List.of(0, 1, 9, 99, 999, 4999).contains(step)) {
        line.append(String.format(Locale.ROOT, ", step %d %.2f", step + 1, gradient.getDouble(0) / RATE));
      }
    }
    System.out.println(line);
  }

  public static void main(String[] arguments) {
    print(new Adam(RATE));
    print(new Nadam(RATE));
  }
}
JAVA
JAVA_TOOL_OPTIONS="-Dorg.bytedeco.javacpp.cachedir=$folder/natives" \
  "$JAVA_HOME/bin/java" -cp 'lib/*' Steps.java 2>log >all || { cat log; exit 1; }
grep step all >out
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'Adam, step 1 1.00, step 2 1.00, step 10 1.00, step 100 1.00, step 1000 1.00, step 5000 1.00'
expect 'Nadam, step 1 60.08, step 2 31.90, step 10 10.56, step 100 3.24, step 1000 1.26, step 5000 1.00'

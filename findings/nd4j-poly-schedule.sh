#!/bin/sh
# org.nd4j:nd4j-api 1.0.0-M2.1 (the arrays and optimizers of Deeplearning4j), a Java from 11 on in JAVA_HOME, Maven 3.
#
# PolySchedule of ND4J, the counterpart of polynomial decay elsewhere, has a plus where a minus belongs: the rate is
# rate * (1 + step / maxIter) ^ power. With power 1, a linear decay elsewhere, it grows to twice the rate, with power 2 to four
# times, and then falls to 0 in one step. A negative power, which makes it fall, stops at half the rate before. The same
# numbers in Keras (PolynomialDecay), PyTorch (PolynomialLR), DJL (PolynomialDecayTracker) and Caffe's poly fall to 0.
# There is no message: a run that began well diverges towards its end.
#
# Whoever wants a linear decay in Deeplearning4j or SameDiff must write an ISchedule of his own.
#
# Output seen, for the rate 0.1 and 100 steps:
#   power 1, steps 0, 50, 99, 100: 0.1000 0.1500 0.1990 0.0000; polynomial decay 0.1000 0.0500 0.0010 0.0000
#   power 2, steps 0, 50, 99, 100: 0.1000 0.2250 0.3960 0.0000; polynomial decay 0.1000 0.0250 0.0000 0.0000
#   power -1, steps 0, 50, 99, 100: 0.1000 0.0667 0.0503 0.0000
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
      <groupId>org.nd4j</groupId><artifactId>nd4j-api</artifactId><version>1.0.0-M2.1</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies -DincludeScope=runtime -DoutputDirectory=lib >&2
cat >Rates.java <<'JAVA'
import java.util.Locale;
import org.nd4j.linalg.schedule.PolySchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class Rates {
  public static void main(String[] arguments) {
    int[] steps = {0, 50, 99, 100};
    for (var power : new double[] {1, 2, -1}) {
      var schedule = new PolySchedule(ScheduleType.ITERATION, 0.1, power, 100);
      var line = new StringBuilder();
      var decay = new StringBuilder();
      for (var step : steps) {
        line.append(String.format(Locale.ROOT, " %.4f", schedule.valueAt(step, 0)));
        decay.append(String.format(Locale.ROOT, " %.4f", 0.1 * Math.pow(1 - step / 100.0, power)));
      }
      System.out.printf(
          Locale.ROOT,
          "power %.0f, steps 0, 50, 99, 100:%s%s%n",
          power,
          line,
          power > 0 ? "; polynomial decay" + decay : "");
    }
  }
}
JAVA
"$JAVA_HOME/bin/java" -cp 'lib/*' Rates.java 2>log >out || { cat log; exit 1; }
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'power 1, steps 0, 50, 99, 100: 0.1000 0.1500 0.1990 0.0000; polynomial decay 0.1000 0.0500 0.0010 0.0000'
expect 'power 2, steps 0, 50, 99, 100: 0.1000 0.2250 0.3960 0.0000; polynomial decay 0.1000 0.0250 0.0000 0.0000'
expect 'power -1, steps 0, 50, 99, 100: 0.1000 0.0667 0.0503 0.0000'

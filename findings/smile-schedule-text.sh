#!/bin/sh
# com.github.haifengl:smile-base 7.1.0 (Smile), a Java from 25 on in JAVA_HOME, Maven 3.
#
# TimeFunction of Smile makes schedules of learning rates in two ways: by methods, and from a text, as hyperparameters in a
# file give it (smile.mlp.learning_rate). exp of three numbers is not the same in both: to the method the third number is the
# rate at the end, to the text it is the factor of each period, which also goes on after the last step. So "exp(0.01, 1000,
# 0.001)" ends at a hundredth of what exp(0.01, 1000, 0.001) does, and is next to 0 soon after. The text that toString gives
# for the one is read as the other. It also has six digits after the point, so a rate of 5e-7 doubles when it is read, and
# one of 4e-7 is 0. There is no message. cosine rises again after its last step.
#
# Whoever keeps schedules in a file should write exp(0.01, 1000, 0.1), the factor, and no copy of toString.
#
# Output seen, the rate at the steps 0, 500, 1000 and 2000:
#   exp by the method: 1.0e-02 3.2e-03 1.0e-03 1.0e-03
#   exp from a text: 1.0e-02 3.2e-04 1.0e-05 1.0e-08
#   ExponentialDecay(0.010000, 1000, 0.001000) read back: 1.0e-02 3.2e-04 1.0e-05 1.0e-08
#   constant of 5.0E-7 read back: 1.0e-06 1.0e-06 1.0e-06 1.0e-06
#   constant of 4.0E-7 read back: 0.0e+00 0.0e+00 0.0e+00 0.0e+00
#   cosine: 1.0e-02 5.5e-03 1.0e-03 1.0e-02
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
      <groupId>com.github.haifengl</groupId><artifactId>smile-base</artifactId><version>7.1.0</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies -DincludeScope=runtime -DoutputDirectory=lib >&2
cat >Rates.java <<'JAVA'
import java.util.Locale;
import smile.util.function.TimeFunction;

class Rates {
  static String rates(TimeFunction schedule) {
    var line = new StringBuilder();
    for (var step : new int[] {0, 500, 1000, 2000}) {
      line.append(String.format(Locale.ROOT, " %.1e", schedule.apply(step)));
    }
    return line.toString();
  }

  public static void main(String[] arguments) {
    Locale.setDefault(Locale.ROOT);
    var exponential = TimeFunction.exp(0.01, 1000, 0.001);
    System.out.println("exp by the method:" + rates(exponential));
    System.out.println("exp from a text:" + rates(TimeFunction.of("exp(0.01, 1000, 0.001)")));
    System.out.println(exponential + " read back:" + rates(TimeFunction.of(exponential.toString())));
    for (var rate : new double[] {5e-7, 4e-7}) {
      var small = TimeFunction.constant(rate);
      System.out.println("constant of " + rate + " read back:" + rates(TimeFunction.of(small.toString())));
    }
    System.out.println("cosine:" + rates(TimeFunction.cosine(0.001, 1000, 0.01)));
  }
}
JAVA
"$JAVA_HOME/bin/java" -cp 'lib/*' Rates.java 2>log >out || { cat log; exit 1; }
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'exp by the method: 1.0e-02 3.2e-03 1.0e-03 1.0e-03'
expect 'exp from a text: 1.0e-02 3.2e-04 1.0e-05 1.0e-08'
expect 'ExponentialDecay(0.010000, 1000, 0.001000) read back: 1.0e-02 3.2e-04 1.0e-05 1.0e-08'
expect 'constant of 5.0E-7 read back: 1.0e-06 1.0e-06 1.0e-06 1.0e-06'
expect 'constant of 4.0E-7 read back: 0.0e+00 0.0e+00 0.0e+00 0.0e+00'
expect 'cosine: 1.0e-02 5.5e-03 1.0e-03 1.0e-02'

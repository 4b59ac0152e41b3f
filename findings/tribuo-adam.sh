#!/bin/sh
# org.tribuo:tribuo-math 4.3.2, a Java from 17 on in JAVA_HOME, Maven 3.
#
# Adam of Tribuo multiplies the first moment by the root of the second one where it should divide by it. The step is the rate
# times the square of the gradient, and begins at a thousandth of that, where Adam's steps are of the rate's size whatever the
# gradient's is. With gradients of 0.01 next to nothing is learned; with gradients of 100 a step comes to be ten thousand
# times too large. There is no message, and a rate that is found by trying may work for a while. RMSProp of the same library
# is right. (The project's main branch has been corrected since, without a release.)
#
# Whoever trains with Tribuo should take RMSProp, or an Adam of his own.
#
# Output seen, the steps for a rate of 0.001, which is what each step of Adam should be, and gradients that stay the same:
#   Adam, gradient 0.01: first step 1.0e-10, hundredth 9.5e-09, ten thousandth 1.0e-07
#   Adam, gradient 1.00: first step 1.0e-06, hundredth 9.5e-05, ten thousandth 1.0e-03
#   Adam, gradient 100.00: first step 1.0e-02, hundredth 9.5e-01, ten thousandth 1.0e+01
#   RMSProp, gradient 0.01: first step 3.2e-03, hundredth 1.0e-03, ten thousandth 1.0e-03
#   RMSProp, gradient 1.00: first step 3.2e-03, hundredth 1.0e-03, ten thousandth 1.0e-03
#   RMSProp, gradient 100.00: first step 3.2e-03, hundredth 1.0e-03, ten thousandth 1.0e-03
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
      <groupId>org.tribuo</groupId><artifactId>tribuo-math</artifactId><version>4.3.2</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies -DincludeScope=runtime -DoutputDirectory=lib >&2
cat >Steps.java <<'JAVA'
import java.util.Locale;
import org.tribuo.math.LinearParameters;
import org.tribuo.math.StochasticGradientOptimiser;
import org.tribuo.math.la.DenseMatrix;
import org.tribuo.math.la.Tensor;
import org.tribuo.math.optimisers.Adam;
import org.tribuo.math.optimisers.RMSProp;

class Steps {
  static double step(StochasticGradientOptimiser optimizer, double gradient, int steps) {
    optimizer.initialise(new LinearParameters(1, 1));
    var step = 0.0;
    for (var i = 0; i < steps; i++) {
      Tensor[] gradients = {DenseMatrix.createDenseMatrix(new double[][] {{gradient}})};
      step = ((DenseMatrix) optimizer.step(gradients, 1)[0]).get(0, 0);
    }
    optimizer.reset();
    return step;
  }

  public static void main(String[] arguments) {
    StochasticGradientOptimiser[] optimizers = {new Adam(0.001, 0.9, 0.999, 1e-8), new RMSProp(0.001, 0.9)};
    for (var optimizer : optimizers) {
      for (var gradient : new double[] {0.01, 1, 100}) {
        System.out.printf(
            Locale.ROOT,
            "%s, gradient %.2f: first step %.1e, hundredth %.1e, ten thousandth %.1e%n",
            optimizer.getClass().getSimpleName(),
            gradient,
            step(optimizer, gradient, 1),
            step(optimizer, gradient, 100),
            step(optimizer, gradient, 10_000));
      }
    }
  }
}
JAVA
"$JAVA_HOME/bin/java" -cp 'lib/*' Steps.java 2>log >out || { cat log; exit 1; }
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'Adam, gradient 0.01: first step 1.0e-10, hundredth 9.5e-09, ten thousandth 1.0e-07'
expect 'Adam, gradient 1.00: first step 1.0e-06, hundredth 9.5e-05, ten thousandth 1.0e-03'
expect 'Adam, gradient 100.00: first step 1.0e-02, hundredth 9.5e-01, ten thousandth 1.0e+01'
expect 'RMSProp, gradient 0.01: first step 3.2e-03, hundredth 1.0e-03, ten thousandth 1.0e-03'
expect 'RMSProp, gradient 1.00: first step 3.2e-03, hundredth 1.0e-03, ten thousandth 1.0e-03'
expect 'RMSProp, gradient 100.00: first step 3.2e-03, hundredth 1.0e-03, ten thousandth 1.0e-03'

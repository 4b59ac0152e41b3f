#!/bin/sh
# org.deeplearning4j:deeplearning4j-nn and org.nd4j:nd4j-native 1.0.0-M2.1, Linux on x86-64, a Java from 11 on in JAVA_HOME,
# Maven 3.
#
# RampSchedule of ND4J is the one for a warm-up: it lets the rate of another schedule grow over the first steps. Its class
# lacks the annotations that say how it is made from JSON, which the other schedules have. So a network or a SameDiff graph
# that is trained with it is saved without a message, and cannot be loaded: not with the optimizer's state, and not without
# it either, for the configuration stands in the file all the same. It does not show before the training is over.
#
# Whoever warms up must try to load a save before the training, give the network another schedule before it is saved, or
# write an ISchedule of his own. The configuration in an old file can be changed with a ZIP program.
#
# Output seen:
#   ExponentialSchedule: network with its updater loaded, without loaded
#   ExponentialSchedule: graph with its updater loaded, without loaded
#   RampSchedule: network with its updater error in RampSchedule, without error in RampSchedule
#   RampSchedule: graph with its updater error in RampSchedule, without error in RampSchedule
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
      <groupId>org.deeplearning4j</groupId><artifactId>deeplearning4j-nn</artifactId><version>1.0.0-M2.1</version>
    </dependency>
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
cat >Save.java <<'JAVA'
import java.io.File;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.RampSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class Save {
  static final DataSet DATA =
      new DataSet(
          Nd4j.create(new float[] {1, 2, 3, 4}, new long[] {2, 2}), Nd4j.create(new float[] {5, 6}, new long[] {2, 1}));

  interface Loading {
    Object load() throws Exception;
  }

  static String tell(Loading loading) {
    try {
      loading.load();
      return "loaded";
    } catch (Exception e) {
      return e.toString().contains("RampSchedule") ? "error in RampSchedule" : e.toString();
    }
  }

  static void network(ISchedule schedule, File file) throws Exception {
    var configuration =
        new NeuralNetConfiguration.Builder()
            .updater(new Adam(schedule))
            .list()
            .layer(new OutputLayer.Builder(LossFunction.MSE).nIn(2).nOut(1).activation(Activation.IDENTITY).build())
            .build();
    var network = new MultiLayerNetwork(configuration);
    network.init();
    network.fit(DATA);
    ModelSerializer.writeModel(network, file, true);
  }

  static void graph(ISchedule schedule, File file) {
    var graph = SameDiff.create();
    var input = graph.placeHolder("input", DataType.FLOAT, -1, 2);
    var labels = graph.placeHolder("labels", DataType.FLOAT, -1, 1);
    var weights = graph.var("weights", Nd4j.create(new float[] {0.5f, -0.3f}, new long[] {2, 1}));
    input.mmul(weights).sub(labels).pow(2).mean("loss");
    graph.setLossVariables("loss");
    graph.setTrainingConfig(
        TrainingConfig.builder()
            .updater(new Adam(schedule))
            .dataSetFeatureMapping("input")
            .dataSetLabelMapping("labels")
            .build());
    graph.fit(DATA);
    graph.save(file, true);
  }

  public static void main(String[] arguments) throws Exception {
    var decay = new ExponentialSchedule(ScheduleType.ITERATION, 0.01, 0.99);
    for (var schedule : new ISchedule[] {decay, new RampSchedule(decay, 100)}) {
      var name = schedule.getClass().getSimpleName();
      var file = new File(name + ".zip");
      network(schedule, file);
      System.out.println(
          name
              + ": network with its updater "
              + tell(() -> ModelSerializer.restoreMultiLayerNetwork(file, true))
              + ", without "
              + tell(() -> ModelSerializer.restoreMultiLayerNetwork(file, false)));
      var saved = new File(name + ".fb");
      graph(schedule, saved);
      System.out.println(
          name
              + ": graph with its updater "
              + tell(() -> SameDiff.load(saved, true))
              + ", without "
              + tell(() -> SameDiff.load(saved, false)));
    }
  }
}
JAVA
JAVA_TOOL_OPTIONS="-Dorg.bytedeco.javacpp.cachedir=$folder/natives" \
  "$JAVA_HOME/bin/java" -cp 'lib/*' Save.java 2>log >all || { cat log; exit 1; }
grep Schedule: all >out
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'ExponentialSchedule: network with its updater loaded, without loaded'
expect 'ExponentialSchedule: graph with its updater loaded, without loaded'
expect 'RampSchedule: network with its updater error in RampSchedule, without error in RampSchedule'
expect 'RampSchedule: graph with its updater error in RampSchedule, without error in RampSchedule'

#!/bin/sh
# ai.djl:api and ai.djl.pytorch:pytorch-engine 0.36.0 with PyTorch 2.7.1 (pytorch-jni, pytorch-native-cpu), Linux on x86-64, a
# Java from 17 on in JAVA_HOME, Maven 3.
#
# TextGenerator of DJL returns texts up to the maximal length, whatever they say, and getEndPosition() tells where each of
# them ends: behind the end of text, 50256, which cannot be set to that of another model. But the position is that of any row
# of the batch, and each later one replaces it. So beside other prompts a text seems to go on until the last of them has
# ended, with what a model says after the end of a text; and if a model ends twice, even alone, the second end counts.
# So it is for greedySearch, which is run here, beamSearch and contrastiveSearch, which even finds the ends that are in the
# prompts. There is no message. (api 0.38.0 has the same lines; not run here.)
#
# Whoever generates with it must cut each row behind its first end of text himself.
#
# Output seen:
#   alone: [1, 2, 50256, 3, 4, 4, 4, 4], ends [3]
#   alone: [5, 6, 7, 8, 50256, 3, 4, 4], ends [5]
#   together: [1, 2, 50256, 3, 4, 4, 4, 4] [5, 6, 7, 8, 50256, 3, 4, 4], ends [5, 5]
#   ends twice: [1, 2, 50256, 3, 4, 50256, 3, 4], ends [6]
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
cat >Generate.java <<'JAVA'
import ai.djl.Model;
import ai.djl.modality.nlp.generate.CausalLMOutput;
import ai.djl.modality.nlp.generate.SearchConfig;
import ai.djl.modality.nlp.generate.TextGenerator;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.LambdaBlock;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslatorContext;
import java.util.Arrays;

class Generate {
  static final int END = 50256;

  /** A model that follows each token by another one, given in pairs. */
  static NDList model(NDList input, int... pairs) {
    var next = new long[END + 1];
    for (var i = 0; i < pairs.length; i += 2) {
      next[pairs[i]] = pairs[i + 1];
    }
    var ids = input.head().getManager().create(next).get(input.head());
    return new NDList(ids.oneHot(END + 1).toType(DataType.FLOAT32, false));
  }

  static class Logits implements NoBatchifyTranslator<NDList, CausalLMOutput> {
    @Override
    public NDList processInput(TranslatorContext context, NDList input) {
      return input;
    }

    @Override
    public CausalLMOutput processOutput(TranslatorContext context, NDList output) {
      return new CausalLMOutput(output.head(), new NDList());
    }
  }

  static void generate(String name, int[] pairs, long[]... prompts) throws Exception {
    try (var model = Model.newInstance("model")) {
      model.setBlock(new LambdaBlock(input -> model(input, pairs)));
      try (var predictor = model.newPredictor(new Logits());
          var manager = NDManager.newBaseManager()) {
        var config = new SearchConfig();
        config.setMaxSeqLength(8);
        config.setPadTokenId(0);
        var generator = new TextGenerator(predictor, "greedy", config);
        var rows = generator.greedySearch(manager.create(prompts));
        var line = new StringBuilder(name + ":");
        for (var i = 0; i < prompts.length; i++) {
          line.append(' ').append(Arrays.toString(rows.get(i).toLongArray()));
        }
        System.out.println(line + ", ends " + Arrays.toString(generator.getEndPosition()));
      }
    }
  }

  public static void main(String[] arguments) throws Exception {
    int[] pairs = {1, 2, 2, END, END, 3, 3, 4, 4, 4, 5, 6, 6, 7, 7, 8, 8, END};
    generate("alone", pairs, new long[] {1});
    generate("alone", pairs, new long[] {5});
    generate("together", pairs, new long[] {1}, new long[] {5});
    int[] twice = {1, 2, 2, END, END, 3, 3, 4, 4, END};
    generate("ends twice", twice, new long[] {1});
  }
}
JAVA
DJL_CACHE_DIR="$folder/djl" ENGINE_CACHE_DIR="$folder/djl" DJL_OFFLINE=true \
  "$JAVA_HOME/bin/java" -cp 'lib/*' Generate.java 2>log >out || { cat log; exit 1; }
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'alone: [1, 2, 50256, 3, 4, 4, 4, 4], ends [3]'
expect 'alone: [5, 6, 7, 8, 50256, 3, 4, 4], ends [5]'
expect 'together: [1, 2, 50256, 3, 4, 4, 4, 4] [5, 6, 7, 8, 50256, 3, 4, 4], ends [5, 5]'
expect 'ends twice: [1, 2, 50256, 3, 4, 50256, 3, 4], ends [6]'

#!/bin/sh
# com.github.tjake:jlama-core 0.8.4 (Llama in Java) with its dependencies, a Java from 20 on in JAVA_HOME, Maven 3.
#
# Jlama turns queries and keys of a Llama 3.1 without the scaling that its config.json asks for (rope_type llama3); linear
# scaling counts only if its key is rope_type and not type, as older files have it. Of a config.json as Transformers 5 writes
# it, with rope_parameters, Jlama sees nothing: the base is 10,000 in place of Llama 3's 500,000. There is no message, and
# the difference grows with the length of a text.
#
# Whoever serves a model in Java with Jlama should compare its logits on a long text, and write rope_theta at the top level.
#
# Output seen, the angle per position of the slowest of 64 pairs of numbers, and what the file asks for:
#   Llama 3.1, as version 4 writes it: 2.4551e-06, right 3.0689e-07
#   Llama 3.1, as version 5 writes it: 1.1548e-04, right 3.0689e-07
#   Llama 3, as version 4 writes it: 2.4551e-06, right 2.4551e-06
#   Llama 3, as version 5 writes it: 1.1548e-04, right 2.4551e-06
#   linear, rope_type: 2.8870e-05, right 2.8870e-05
#   linear, type: 1.1548e-04, right 2.8870e-05
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
      <groupId>com.github.tjake</groupId><artifactId>jlama-core</artifactId><version>0.8.4</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies -DincludeScope=runtime -DoutputDirectory=lib >&2
cat >Rotation.java <<'JAVA'
import com.github.tjake.jlama.model.llama.LlamaConfig;
import com.github.tjake.jlama.util.JsonSupport;
import java.util.Locale;

class Rotation {
  static final String SIZES =
      """
      {"model_type": "llama", "max_position_embeddings": 8192, "hidden_size": 4096, "intermediate_size": 14336,
       "num_attention_heads": 32, "num_key_value_heads": 8, "num_hidden_layers": 32, "rms_norm_eps": 1e-5,
       "vocab_size": 128256, "bos_token_id": 128000, "eos_token_id": 128001, "hidden_act": "silu", %s}
      """;
  static final String LLAMA3 =
      "\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0, "
          + "\"original_max_position_embeddings\": 8192";
  static final double SLOWEST = -126 / 128.0;

  static void show(String name, String rotation, double right) throws Exception {
    var config = JsonSupport.om.readValue(SIZES.formatted(rotation), LlamaConfig.class);
    // Row p * 64 + i: the cosine and the sine of pair i's angle at position p.
    var row = config.ropeFreqs.get()[8000 * 64 + 63];
    var angle = Math.atan2(row[1], row[0]) / 8000;
    System.out.println(String.format(Locale.ROOT, "%s: %.4e, right %.4e", name, angle, right));
  }

  public static void main(String[] arguments) throws Exception {
    var three = Math.pow(500000, SLOWEST);
    var two = Math.pow(10000, SLOWEST);
    var four = "\"rope_theta\": 500000.0, \"rope_scaling\": ";
    show("Llama 3.1, as version 4 writes it", four + "{" + LLAMA3 + "}", three / 8);
    show("Llama 3.1, as version 5 writes it", "\"rope_parameters\": {\"rope_theta\": 500000.0, " + LLAMA3 + "}", three / 8);
    show("Llama 3, as version 4 writes it", four + "null", three);
    show(
        "Llama 3, as version 5 writes it",
        "\"rope_parameters\": {\"rope_theta\": 500000.0, \"rope_type\": \"default\"}",
        three);
    show("linear, rope_type", "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 4.0}", two / 4);
    show("linear, type", "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 4.0}", two / 4);
  }
}
JAVA
"$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector -cp 'lib/*' Rotation.java 2>log >out || { cat log; exit 1; }
cat out
cat >expected <<'TEXT'
Llama 3.1, as version 4 writes it: 2.4551e-06, right 3.0689e-07
Llama 3.1, as version 5 writes it: 1.1548e-04, right 3.0689e-07
Llama 3, as version 4 writes it: 2.4551e-06, right 2.4551e-06
Llama 3, as version 5 writes it: 1.1548e-04, right 2.4551e-06
linear, rope_type: 2.8870e-05, right 2.8870e-05
linear, type: 1.1548e-04, right 2.8870e-05
TEXT
cmp -s out expected || { echo 'behaves otherwise now'; exit 1; }

#!/bin/sh
# io.github.beehive-lab:gpu-llama3 0.2.2 (GPULlama3.java), gguf 0.19.0, numpy 2.4.6, CPython 3, a Java from 22 on in JAVA_HOME
# (with the mark of Java 21's preview features taken off the classes), Maven 3.
#
# GPULlama3.java turns queries and keys of a Llama 3.1 or 3.2 without the scaling of its rotation. llama.cpp puts this into a
# GGUF file as the tensor rope_freqs.weight, by whose numbers the angles are divided. The loader looks for the name rope_freqs,
# which no file has (loadWeights in ModelLoader.java), and would not read the numbers either: it would scale by constants of its
# own, by 8 where Llama 3.2 has 32, and with 3 where both have 4 as the factor of high frequencies. Linear scaling, which GGUF
# keeps as rope.scaling.factor, is not applied either. There is no message, and the difference grows with the length of a text.
#
# Whoever serves such a model with it should compare its logits on a long text with llama.cpp's, and keep texts short.
#
# Output seen, angles per position of three of the 64 pairs of numbers:
#   Llama 3, right: 1.656e-02 1.736e-03 2.455e-06
#   Llama 3.1, right: 1.656e-02 8.568e-04 3.069e-07
#   Llama 3.2, right: 1.656e-02 7.625e-04 7.672e-08
#   linear by 4, right: 4.140e-03 4.340e-04 6.138e-07
#   Llama 3, Java: 1.656e-02 1.736e-03 2.455e-06
#   Llama 3.1, Java: 1.656e-02 1.736e-03 2.455e-06
#   Llama 3.2, Java: 1.656e-02 1.736e-03 2.455e-06
#   linear by 4, Java: 1.656e-02 1.736e-03 2.455e-06
#   Llama 3.2, the tensor called rope_freqs, Java: 1.656e-02 1.177e-03 3.069e-07
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check gguf==0.19.0 numpy==2.4.6
cat >pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>none</groupId><artifactId>none</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.github.beehive-lab</groupId><artifactId>gpu-llama3</artifactId><version>0.2.2</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies -DincludeScope=runtime -DoutputDirectory=lib >&2
cat >write.py <<'PYTHON'
import math
import zipfile

import gguf
import numpy

# the jar's classes are marked as Java 21's with preview features, which no other Java loads; the mark is two bytes
with zipfile.ZipFile("lib/gpu-llama3-0.2.2.jar") as old, zipfile.ZipFile("unmarked.jar", "w") as new:
    for name in old.namelist():
        if name.endswith(".class") and name.startswith(("org/beehive/", "uk/")):
            content = old.read(name)
            new.writestr(name, content[:4] + b"\0\0" + content[6:])

SIZE, BASE = 128, 500_000.0
SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
tokens = ["a", "b", "ab"] + [f"<unused {id}>" for id in range(3, 128_000)] + SPECIAL


def divisors(factor):
    """Returns what llama.cpp divides the angles by, for low_freq_factor 1, high_freq_factor 4 and 8192 original positions."""
    result = []
    for pair in range(SIZE // 2):
        turns = 8192 / (2 * math.pi * BASE ** (2 * pair / SIZE))
        smooth = min(max((turns - 1) / (4 - 1), 0), 1)
        result.append(1 / ((1 - smooth) / factor + smooth))
    return numpy.float32(result)


def write(file, name, freqs, linear):
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_name("Llama 3")
    writer.add_context_length(131_072)
    writer.add_embedding_length(SIZE)
    writer.add_feed_forward_length(1)
    writer.add_block_count(1)
    writer.add_head_count(1)
    writer.add_head_count_kv(1)
    writer.add_rope_freq_base(BASE)
    if linear is not None:
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(linear)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_merges(["a b"])
    if freqs is not None:
        writer.add_tensor(name, freqs)
    writer.add_tensor("token_embd.weight", numpy.zeros((len(tokens), SIZE), "float16"))
    for tensor in ["output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"]:
        writer.add_tensor(f"{tensor}.weight", numpy.ones(SIZE, "float32"))
    for tensor in ["attn_q", "attn_k", "attn_v", "attn_output"]:
        writer.add_tensor(f"blk.0.{tensor}.weight", numpy.zeros((SIZE, SIZE), "float32"))
    for tensor in ["ffn_gate", "ffn_up"]:
        writer.add_tensor(f"blk.0.{tensor}.weight", numpy.zeros((1, SIZE), "float32"))
    writer.add_tensor("blk.0.ffn_down.weight", numpy.zeros((SIZE, 1), "float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def right(name, freqs, linear):
    angles = [BASE ** (-2 * pair / SIZE) / (1 if freqs is None else freqs[pair]) / (linear or 1) for pair in [20, 31, 63]]
    print(f"{name}: " + " ".join(f"{angle:.3e}" for angle in angles))


# the name in files of llama.cpp
name = gguf.TENSOR_NAMES[gguf.MODEL_TENSOR.ROPE_FREQS] + ".weight"
assert name == "rope_freqs.weight"
cases = {"Llama 3": (None, None), "Llama 3.1": (divisors(8), None), "Llama 3.2": (divisors(32), None), "linear by 4": (None, 4.0)}
for number, (case, (freqs, linear)) in enumerate(cases.items()):
    write(f"{number}.gguf", name, freqs, linear)
    right(f"{case}, right", freqs, linear)
write("4.gguf", "rope_freqs", divisors(32), None)
PYTHON
cat >Angles.java <<'JAVA'
import java.nio.file.Path;
import java.util.Locale;
import org.beehive.gpullama3.inference.weights.standard.StandardWeights;
import org.beehive.gpullama3.model.loader.ModelLoader;

class Angles {
  public static void main(String[] arguments) throws Exception {
    String[] names = {"Llama 3", "Llama 3.1", "Llama 3.2", "linear by 4", "Llama 3.2, the tensor called rope_freqs"};
    for (var i = 0; i < names.length; i++) {
      var weights = (StandardWeights) ModelLoader.loadModel(Path.of(i + ".gguf"), 2, true, false).weights();
      var line = new StringBuilder(names[i]).append(", Java:");
      for (var pair : new int[] {20, 31, 63}) {
        var place = 64 + pair; // of position 1
        var angle = Math.atan2(weights.freq_cis_imag.getFloat(place), weights.freq_cis_real.getFloat(place));
        line.append(String.format(Locale.ROOT, " %.3e", angle));
      }
      System.out.println(line);
    }
  }
}
JAVA
venv/bin/python write.py >out
"$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector -cp 'unmarked.jar:lib/*' Angles.java >>out 2>log || { cat log; exit 1; }
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'Llama 3, right: 1.656e-02 1.736e-03 2.455e-06'
expect 'Llama 3.1, right: 1.656e-02 8.568e-04 3.069e-07'
expect 'Llama 3.2, right: 1.656e-02 7.625e-04 7.672e-08'
expect 'linear by 4, right: 4.140e-03 4.340e-04 6.138e-07'
expect 'Llama 3, Java: 1.656e-02 1.736e-03 2.455e-06'
expect 'Llama 3.1, Java: 1.656e-02 1.736e-03 2.455e-06'
expect 'Llama 3.2, Java: 1.656e-02 1.736e-03 2.455e-06'
expect 'linear by 4, Java: 1.656e-02 1.736e-03 2.455e-06'
expect 'Llama 3.2, the tensor called rope_freqs, Java: 1.656e-02 1.177e-03 3.069e-07'

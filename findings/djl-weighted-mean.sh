#!/bin/sh
# ai.djl.huggingface:tokenizers 0.36.0, ai.djl:api and ai.djl.pytorch:pytorch-engine 0.36.0 with PyTorch 2.7.1 (pytorch-jni,
# pytorch-native-cpu), Linux on x86-64, a Java from 17 on in JAVA_HOME, Maven 3.
#
# TextEmbeddingTranslator of DJL with the pooling "weightedmean" counts the texts of a batch where it should count the tokens
# of a text. The predictor makes a batch of every call, so one text has the weight 1 for each token: its embedding is the
# plain mean, not the mean whose weights grow with the position, as in sentence-transformers and as the model was trained.
# Several texts are an error, or, if there happen to be as many texts as the longest has tokens, the right embeddings.
# So an index and the queries for it may be embedded differently. There is no message. (tokenizers 0.38.0 has the same lines;
# not run here.)
#
# Whoever serves a model with a weighted mean, such as SGPT, in DJL must pool the last hidden states himself.
#
# Output seen; the hidden state of the token a is 1, of b 2 and so on, and right are 3, 2.333, 2 and 1:
#   mean of [a b c d]: 2.5
#   mean of [a b c d, a b c]: 2.5 2.0
#   mean of [a b c d, a b c, b, a]: 2.5 2.0 2.0 1.0
#   weightedmean of [a b c d]: 2.5
#   weightedmean of [a b c d, a b c]: error
#   weightedmean of [a b c d, a b c, b, a]: 3.0 2.333 2.0 1.0
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
      <groupId>ai.djl.huggingface</groupId><artifactId>tokenizers</artifactId><version>0.36.0</version>
    </dependency>
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
cat >tokenizer.json <<'JSON'
{
  "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
  "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
  "model": {"type": "WordLevel", "vocab": {"[PAD]": 0, "a": 1, "b": 2, "c": 3, "d": 4}, "unk_token": "[PAD]"}
}
JSON
cat >Embed.java <<'JAVA'
import ai.djl.Model;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.translator.TextEmbeddingTranslator;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.LambdaBlock;
import ai.djl.translate.TranslateException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class Embed {
  /** A model whose last hidden state for each token is the token's id. */
  static NDList states(NDList input) {
    var states = input.head().toType(DataType.FLOAT32, true).expandDims(-1);
    states.setName("last_hidden_state");
    return new NDList(states);
  }

  public static void main(String[] arguments) throws Exception {
    var batches = List.of(List.of("a b c d"), List.of("a b c d", "a b c"), List.of("a b c d", "a b c", "b", "a"));
    try (var tokenizer = HuggingFaceTokenizer.newInstance(Path.of("tokenizer.json"), Map.of("padding", "true"));
        var model = Model.newInstance("model")) {
      model.setBlock(new LambdaBlock(Embed::states));
      for (var pooling : List.of("mean", "weightedmean")) {
        var translator =
            TextEmbeddingTranslator.builder(tokenizer).optPoolingMode(pooling).optNormalize(false).build();
        try (var predictor = model.newPredictor(translator)) {
          for (var texts : batches) {
            var line = new StringBuilder();
            try {
              for (var embedding : predictor.batchPredict(texts)) {
                line.append(' ').append(Math.round(embedding[0] * 1000) / 1000.0);
              }
            } catch (TranslateException e) {
              line.append(" error");
            }
            System.out.println(pooling + " of " + texts + ":" + line);
          }
        }
      }
    }
  }
}
JAVA
DJL_CACHE_DIR="$folder/djl" ENGINE_CACHE_DIR="$folder/djl" DJL_OFFLINE=true \
  "$JAVA_HOME/bin/java" -cp 'lib/*' Embed.java 2>log >out || { cat log; exit 1; }
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'mean of [a b c d]: 2.5'
expect 'mean of [a b c d, a b c]: 2.5 2.0'
expect 'mean of [a b c d, a b c, b, a]: 2.5 2.0 2.0 1.0'
expect 'weightedmean of [a b c d]: 2.5'
expect 'weightedmean of [a b c d, a b c]: error'
expect 'weightedmean of [a b c d, a b c, b, a]: 3.0 2.333 2.0 1.0'

#!/bin/sh
# ai.djl.huggingface:tokenizers 0.38.0 (with ai.djl:api, jna 5.17.0, gson 2.13.2, slf4j-api 2.0.17), Linux on x86-64, a Java
# from 17 on in JAVA_HOME, Maven 3.
#
# HuggingFaceTokenizer.newInstance of a tokenizer.json cuts each text after 512 tokens, although the file says
# "truncation": null, and Python's tokenizers cut nothing. The option maxLength with 100000 does not help: it is lowered to
# 512. Only modelMaxLength and truncation=false let the whole text through. Both cases write a line to the log, which nobody
# sees who has given SLF4J no logger.
#
# Whoever counts or prepares training tokens in Java loses the ends of long rows, and with them the answers to be learned.
#
# Output seen, for 2000 words:
#   {}: 512 tokens
#   {maxLength=100000}: 512 tokens
#   {modelMaxLength=100000}: 2000 tokens
#   {truncation=false}: 2000 tokens
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for artifact in ai.djl.huggingface:tokenizers:0.38.0 ai.djl:api:0.38.0 net.java.dev.jna:jna:5.17.0 \
  com.google.code.gson:gson:2.13.2 org.slf4j:slf4j-api:2.0.17; do
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy -DoutputDirectory=lib -Dartifact="$artifact" >&2
done
cat >tokenizer.json <<'JSON'
{
  "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
  "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
  "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "the": 1, "cat": 2}, "unk_token": "[UNK]"}
}
JSON
cat >Count.java <<'JAVA'
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class Count {
  public static void main(String[] arguments) throws Exception {
    var options =
        List.of(
            Map.<String, String>of(),
            Map.of("maxLength", "100000"),
            Map.of("modelMaxLength", "100000"),
            Map.of("truncation", "false"));
    for (var option : options) {
      try (var tokenizer = HuggingFaceTokenizer.newInstance(Path.of("tokenizer.json"), option)) {
        System.out.println(option + ": " + tokenizer.encode("the cat ".repeat(1000)).getIds().length + " tokens");
      }
    }
  }
}
JAVA
DJL_CACHE_DIR="$folder/djl" ENGINE_CACHE_DIR="$folder/djl" DJL_OFFLINE=true \
  "$JAVA_HOME/bin/java" -cp 'lib/*' Count.java 2>log >out || { cat log; exit 1; }
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect '{}: 512 tokens'
expect '{maxLength=100000}: 512 tokens'
expect '{modelMaxLength=100000}: 2000 tokens'
expect '{truncation=false}: 2000 tokens'

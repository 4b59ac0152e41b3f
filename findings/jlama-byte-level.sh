#!/bin/sh
# com.github.tjake:jlama-core 0.8.4 (Llama in Java) with its dependencies, tokenizers 0.23.2, CPython 3, a Java from 20 on in
# JAVA_HOME, Maven 3.
#
# Jlama reads a tokenizer.json of Llama 3's form, byte-level, as if each character were one byte. Characters beyond Latin-1,
# such as Chinese ones, typographic quotes, dashes and the euro sign, are left out of the prompt without a trace; letters of
# Latin-1 become a byte that is no text in UTF-8. The same in the model's answers comes out as the bytes' letters. It ignores
# "ignore_merges": true, too, which Llama 3's file says: a word that is in the vocabulary, but is not reached by merges, is
# cut into pieces. There is no message (see LlamaTokenizer.java and BPETokenizer.java). Plain ASCII is right otherwise.
#
# Whoever serves a Llama 3 in Java with Jlama should compare the token ids of a text with such characters first.
#
# Output seen:
#   hell 123 !: 10 tokens; Jlama 10, equal true; the right ones decoded by it: hell 123 !
#   hello: 1 tokens; Jlama 5, equal false; the right ones decoded by it: hello
#   café: 5 tokens; Jlama 4, equal false; the right ones decoded by it: cafÃ©
#   it’s 5 €: 12 tokens; Jlama 6, equal false; the right ones decoded by it: itâ??s 5 â?¬
#   你好: 6 tokens; Jlama 0, equal false; the right ones decoded by it: ä½?å¥½
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check tokenizers==0.23.2
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
cat >make.py <<'PYTHON'
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

vocabulary = {letter: i for i, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()) + ["hello"])}
tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True))
tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
    [
        pre_tokenizers.Split(Regex(r"\p{L}+|\p{N}{1,3}|\s+|[^\s\p{L}\p{N}]+"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
)
tokenizer.decoder = decoders.ByteLevel()
tokenizer.save("tokenizer.json")
lines = []
for text in ["hell 123 !", "hello", "caf\u00e9", "it\u2019s 5 \u20ac", "\u4f60\u597d"]:
    ids = tokenizer.encode(text).ids
    assert tokenizer.decode(ids) == text
    lines.append(text + "\t" + " ".join(map(str, ids)))
open("texts", "w", encoding="utf-8").write("\n".join(lines))
PYTHON
venv/bin/python make.py
cat >Texts.java <<'JAVA'
import com.github.tjake.jlama.model.llama.LlamaTokenizer;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

class Texts {
  public static void main(String[] arguments) throws Exception {
    var out = new PrintStream("out", "UTF-8");
    var tokenizer = new LlamaTokenizer(Path.of("."));
    for (var line : Files.readAllLines(Path.of("texts"))) {
      var text = line.substring(0, line.indexOf('\t'));
      var right = Arrays.stream(line.substring(line.indexOf('\t') + 1).split(" ")).mapToLong(Long::parseLong).toArray();
      var ids = tokenizer.encode(text);
      var equal = Arrays.equals(ids, right);
      out.println(
          text + ": " + right.length + " tokens; Jlama " + ids.length + ", equal " + equal
              + "; the right ones decoded by it: " + tokenizer.decode(right).replaceAll("[\\x00-\\x1f\\x7f-\\xa0]", "?"));
    }
  }
}
JAVA
"$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector -cp 'lib/*' Texts.java 2>log >&2 || { cat log; exit 1; }
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'hell 123 !: 10 tokens; Jlama 10, equal true; the right ones decoded by it: hell 123 !'
expect 'hello: 1 tokens; Jlama 5, equal false; the right ones decoded by it: hello'
expect 'café: 5 tokens; Jlama 4, equal false; the right ones decoded by it: cafÃ©'
expect 'it’s 5 €: 12 tokens; Jlama 6, equal false; the right ones decoded by it: itâ??s 5 â?¬'
expect '你好: 6 tokens; Jlama 0, equal false; the right ones decoded by it: ä½?å¥½'

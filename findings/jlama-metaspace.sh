#!/bin/sh
# com.github.tjake:jlama-core 0.8.4 (Llama in Java) with its dependencies, tokenizers 0.23.2, CPython 3, a Java from 20 on in
# JAVA_HOME, Maven 3.
#
# Many tokenizer.json of Llama 2's kind, and of other SentencePiece models, have the pre-tokenizer Metaspace. Jlama makes one
# space of each run of spaces and tabs then, so a prompt with code in it loses its indentation, and puts none in front of a
# text whose file says "prepend_scheme": "always". For all tokenizers with byte_fallback its decode waits until four bytes
# have come: a character that is written as two or three byte tokens does not appear where it stands, but later, mixed with
# bytes of others, in another text that the same tokenizer decodes. Line ends, which are byte tokens too, are then held back
# as well. There is no message (see TokenizerModel.java and BPETokenizer.java).
#
# Whoever serves such a model in Java with Jlama should compare token ids, and decode with another library.
#
# Output seen; the texts are decoded one after another from the right ids:
#   first, if x:/    y = a: 16 tokens, Jlama 13, equal false; decoded: if x:/    y = a
#   first, café: 6 tokens, Jlama 6, equal true; decoded: caf
#   first, one/two: 8 tokens, Jlama 8, equal true; decoded: onetwo
#   first, café: 6 tokens, Jlama 6, equal true; decoded: café/�©
#   first, three: 6 tokens, Jlama 6, equal true; decoded: three
#   always, if x:/    y = a: 16 tokens, Jlama 12, equal false; decoded: if x:/    y = a
#   always, café: 6 tokens, Jlama 5, equal false; decoded: caf
#   always, one/two: 8 tokens, Jlama 7, equal false; decoded: onetwo
#   always, café: 6 tokens, Jlama 5, equal false; decoded: café/�©
#   always, three: 6 tokens, Jlama 5, equal false; decoded: three
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
import pathlib

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + list("\u2581abcdefghijklmnopqrstuvwxyz=:")
vocabulary = {token: i for i, token in enumerate(tokens)}
for scheme in ["first", "always"]:
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>", byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    folder = pathlib.Path(scheme)
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    lines = []
    for text in ["if x:\n    y = a", "caf\u00e9", "one\ntwo", "caf\u00e9", "three"]:
        ids = tokenizer.encode(text).ids
        assert tokenizer.decode(ids) == text
        lines.append(text.replace("\n", "/") + "\t" + " ".join(map(str, ids)))
    (folder / "texts").write_text("\n".join(lines), encoding="utf-8")
PYTHON
venv/bin/python make.py
cat >Texts.java <<'JAVA'
import com.github.tjake.jlama.model.llama.LlamaTokenizer;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

class Texts {
  public static void main(String[] schemes) throws Exception {
    var out = new PrintStream("out", "UTF-8");
    for (var scheme : schemes) {
      var tokenizer = new LlamaTokenizer(Path.of(scheme));
      for (var line : Files.readAllLines(Path.of(scheme, "texts"))) {
        var tab = line.indexOf('\t');
        var text = line.substring(0, tab);
        var right = Arrays.stream(line.substring(tab + 1).split(" ")).mapToLong(Long::parseLong).toArray();
        var ids = tokenizer.encode(text.replace('/', '\n'));
        out.println(
            scheme + ", " + text + ": " + right.length + " tokens, Jlama " + ids.length + ", equal "
                + Arrays.equals(ids, right) + "; decoded: " + tokenizer.decode(right).replace('\n', '/'));
      }
    }
  }
}
JAVA
"$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector -cp 'lib/*' Texts.java first always 2>log >&2 || { cat log; exit 1; }
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'first, if x:/    y = a: 16 tokens, Jlama 13, equal false; decoded: if x:/    y = a'
expect 'first, café: 6 tokens, Jlama 6, equal true; decoded: caf'
expect 'first, one/two: 8 tokens, Jlama 8, equal true; decoded: onetwo'
expect 'first, café: 6 tokens, Jlama 6, equal true; decoded: café/�©'
expect 'first, three: 6 tokens, Jlama 6, equal true; decoded: three'
expect 'always, if x:/    y = a: 16 tokens, Jlama 12, equal false; decoded: if x:/    y = a'
expect 'always, café: 6 tokens, Jlama 5, equal false; decoded: caf'
expect 'always, one/two: 8 tokens, Jlama 7, equal false; decoded: onetwo'
expect 'always, café: 6 tokens, Jlama 5, equal false; decoded: café/�©'
expect 'always, three: 6 tokens, Jlama 5, equal false; decoded: three'

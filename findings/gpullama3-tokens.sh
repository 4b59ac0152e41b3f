#!/bin/sh
# io.github.beehive-lab:gpu-llama3 0.2.2 (GPULlama3.java), gguf 0.19.0, tokenizers 0.23.2, numpy 2.4.6, CPython 3, a Java from 22
# on in JAVA_HOME (with the mark of Java 21's preview features taken off the classes), Maven 3.
#
# LlamaTokenizer of GPULlama3.java first writes the bytes of a text as letters, as byte-level tokenizers do, and cuts it into
# words afterwards. A space and a line break are letters then, and the pattern, which is Llama 3's, takes them for parts of
# words. So a space goes to the word before it, if a bracket, a quotation mark or an operator follows: " (" and " =" are two
# tokens, where Llama 3 has learned one. The last space of an indentation is not left to the word behind it. The prompt of a
# chat has one line break behind each header, where the template has two, which are another token. There is no message; words
# with single spaces are right. (encode in LlamaTokenizer.java, encodeHeader in LlamaChatFormat.java)
#
# Whoever serves a fine-tuned Llama 3 with it should compare the token ids of a prompt with those that it was trained with.
#
# Output seen:
#   'hello world': 3 tokens, Java 3, equal True
#   'hello world (of words)': 7 tokens, Java 8, equal False
#   'x = 1': 4 tokens, Java 5, equal False
#   'if x:\n    y': 5 tokens, Java 5, equal False
#   a question of a user: 14 tokens, Java 14, equal False; (right, Java) {('\n\n', '\n')}
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check gguf==0.19.0 tokenizers==0.23.2 numpy==2.4.6
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
import json
import zipfile

import gguf
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

# the jar's classes are marked as Java 21's with preview features, which no other Java loads; the mark is two bytes
with zipfile.ZipFile("lib/gpu-llama3-0.2.2.jar") as old, zipfile.ZipFile("unmarked.jar", "w") as new:
    for name in old.namelist():
        if name.endswith(".class") and name.startswith(("org/beehive/", "uk/")):
            content = old.read(name)
            new.writestr(name, content[:4] + b"\0\0" + content[6:])

WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
BASE = 128_000
tokenizer = Tokenizer(models.BPE(ignore_merges=True))
tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
    [
        pre_tokenizers.Split(Regex(WORDS), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
)
tokenizer.decoder = decoders.ByteLevel()
corpus = ["if x:\n    y = 1\n        z = 22\n\nelse: hello world.\nIt is a world (of words).\n\nuser assistant\n"] * 4
trainer = trainers.BpeTrainer(
    vocab_size=1000, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), min_frequency=1
)
tokenizer.train_from_iterator(corpus, trainer)
model = json.loads(tokenizer.to_str())["model"]
tokens = sorted(model["vocab"], key=model["vocab"].get)
tokens += [f"<unused {id}>" for id in range(len(tokens), BASE)] + SPECIAL
for id in range(len(model["vocab"]), BASE):
    model["vocab"][f"<unused {id}>"] = id


def with_specials():
    """Returns the tokenizer that knows the special tokens in the text."""
    whole = Tokenizer.from_str(json.dumps({**json.loads(tokenizer.to_str()), "model": model}))
    whole.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    assert whole.get_vocab_size() == len(tokens) and whole.token_to_id(SPECIAL[0]) == BASE
    return whole


writer = gguf.GGUFWriter("model.gguf", "llama")
writer.add_name("Llama 3")
writer.add_context_length(8192)
writer.add_embedding_length(64)
writer.add_feed_forward_length(64)
writer.add_block_count(1)
writer.add_head_count(1)
writer.add_head_count_kv(1)
writer.add_tokenizer_model("gpt2")
writer.add_tokenizer_pre("llama-bpe")
writer.add_token_list(tokens)
writer.add_token_merges([" ".join(pair) for pair in model["merges"]])
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
texts = ["hello world", "hello world (of words)", "x = 1", "if x:\n    y"]
encoder = with_specials()
right = [encoder.encode(text).ids for text in texts]
prompt = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhello<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
breaks = {encoder.encode(text).ids[0]: text for text in ["\n", "\n\n"]}
content = {"texts": texts, "right": right, "prompt": encoder.encode(prompt).ids, "breaks": breaks}
json.dump(content, open("right.json", "w"))
PYTHON
cat >Ids.java <<'JAVA'
import java.nio.file.Path;
import java.util.List;
import org.beehive.gpullama3.core.model.GGUF;
import org.beehive.gpullama3.model.format.ChatFormat.Message;
import org.beehive.gpullama3.model.format.ChatFormat.Role;
import org.beehive.gpullama3.model.format.LlamaChatFormat;
import org.beehive.gpullama3.tokenizer.impl.LlamaTokenizer;
import org.beehive.gpullama3.tokenizer.vocabulary.Vocabulary;

class Ids {
  public static void main(String[] texts) throws Exception {
    var metadata = GGUF.loadModel(Path.of("model.gguf")).getMetadata();
    var tokenizer = new LlamaTokenizer(metadata, Vocabulary.loadLlamaVocabulary(metadata));
    for (var text : texts) {
      System.out.println(tokenizer.encodeAsList(text));
    }
    System.out.println(
        new LlamaChatFormat(tokenizer).encodeDialogPrompt(true, List.of(new Message(Role.USER, "hello"))));
  }
}
JAVA
cat >compare.py <<'PYTHON'
import json
import os
import subprocess

expected = json.load(open("right.json"))
java = [os.environ["JAVA_HOME"] + "/bin/java", "--add-modules", "jdk.incubator.vector", "-cp", "unmarked.jar:lib/*", "Ids.java"]
lines = subprocess.run(java + expected["texts"], check=True, capture_output=True, text=True).stdout.splitlines()
for text, right, line in zip(expected["texts"], expected["right"], lines):
    print(f"{text!r}: {len(right)} tokens, Java {len(json.loads(line))}, equal {json.loads(line) == right}")
right, prompt, breaks = expected["prompt"], json.loads(lines[-1]), {int(id): text for id, text in expected["breaks"].items()}
assert len(right) == len(prompt)
differing = {(breaks[one], breaks[other]) for one, other in zip(right, prompt) if one != other}
print(f"a question of a user: {len(right)} tokens, Java {len(prompt)}, equal {prompt == right}; (right, Java) {differing}")
PYTHON
venv/bin/python write.py
venv/bin/python compare.py >out || { cat out; exit 1; }
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect ''\''hello world'\'': 3 tokens, Java 3, equal True'
expect ''\''hello world (of words)'\'': 7 tokens, Java 8, equal False'
expect ''\''x = 1'\'': 4 tokens, Java 5, equal False'
expect ''\''if x:\n    y'\'': 5 tokens, Java 5, equal False'
expect 'a question of a user: 14 tokens, Java 14, equal False; (right, Java) {('\''\n\n'\'', '\''\n'\'')}'

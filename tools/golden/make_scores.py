"""Function calls in good and bad form, and the scores that the tutorial's rules give them.

The rules are Levanter's ("Fine-Tuning for Semantic Parsing"), with Python's own strip, lower and
regular expressions; the words are drawn so that each rule decides some rows.
"""

import gzip
import json
import pathlib
import random
import re

FIXTURE = pathlib.Path("finetune-app/src/test/resources/golden/scores.jsonl.gz")

NAMES = ["inform", "request", "Inform", "give_opinion", "verify attribute", "fragé", "ДАЙ", "x1", ""]
KEYS = ["name", "Name", "genres", "year", "has_mac", "straße", "é", "k٣"]
VALUES = ["", "a", "A", "b, a", "a, b", "Tiny (Racer)", " a ", "İ", "ß", "ΑΣ", "1999", "é", "a\nb", "yes", "no", "[", "x[y"]
AROUND = ["", "", "", "", " ", "\n", "\t", "\x1c", "\u00a0", "\u2028", "\u200b", "Sure: ", "- "]


def call(random):
    attributes = [random.choice(KEYS) + "[" + random.choice(VALUES) + "]" for _ in range(random.randrange(5))]
    text = random.choice(NAMES) + random.choice(["(", "(", "(", "(", " (", ""])
    text += random.choice([", ", ", ", ", ", ",", " "]).join(attributes) + random.choice([")", ")", ")", "", "))"])
    return random.choice(AROUND) + text + random.choice(AROUND)


def changed(random, text):
    """The text with some of it otherwise."""
    for _ in range(random.randrange(4)):
        at = random.randrange(len(text) + 1)
        text = random.choice([
            lambda: text[:at] + text[at + 1:],
            lambda: text[:at] + random.choice("[](), aA\u0130") + text[at:],
            lambda: text.upper(),
            lambda: text.replace(random.choice(VALUES) or "a", random.choice(VALUES)),
            lambda: text.replace(random.choice(KEYS), random.choice(KEYS)),
            lambda: text.replace("(", "(" + random.choice(KEYS) + "[a], ", 1),
        ])()
    return text


def read(text):
    normal = text.strip().lower()
    name = re.match(r"(\w+)\(", normal)
    return name and name[1], {found[1]: found[2] for found in re.finditer(r"(\w+)\[([^\]]*)\]", normal)}


def scores(expected, predicted):
    """Whether the names are equal, whether the keys are; how many values are, and of how many."""
    name, attributes = read(expected)
    other_name, others = read(predicted)
    right = sum(others.get(key) == value for key, value in attributes.items())
    return [int(name == other_name), int(attributes.keys() == others.keys()), right, len(attributes)]


def main():
    draws = random.Random(17)
    lines = []
    for row in range(1000):
        expected = call(draws)
        predicted = changed(draws, expected) if row % 4 else call(draws)
        lines.append(json.dumps([expected, predicted, *scores(expected, predicted)], ensure_ascii=False))
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    FIXTURE.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))


if __name__ == "__main__":
    main()

"""How well a model can score on ViGGO at all: rows that no model can be expected to get right.

    python tools/viggo/ceiling.py FOLDER        the author's train.csv and valid.csv
    python tools/viggo/ceiling.py FOLDER --rows also prints the rows

Counts sentences with two meanings, values of open attributes that their sentence does not spell, and
attributes on which their sentence has none of the words that are listed here.
"""

import collections
import csv
import pathlib
import re
import sys

# Attributes whose values are names and numbers: a model has to copy them.
OPEN = ["name", "developer", "release_year", "exp_release_date", "specifier"]

# For the others the words that sentences use; that one of them is there does not say that its value is.
WORDS = {
    "esrb": r"esrb|rated|rating|mature|teen|everyone|adult|\b[MTE]\b|10\+|and older|all a(ges|udiences)|family",
    "player_perspective": r"person|bird|side|perspective|view|scroll|\bfps\b",
    "has_multiplayer": r"multi|single|co-?op|together|friend|online|other players|with others|against|alone|solo",
    "platforms": r"\bpc\b|playstation|xbox|nintendo|switch|console|platform|computer|\bps\d?\b|windows",
    "available_on_steam": r"steam",
    "has_linux_release": r"linux",
    "has_mac_release": r"\bmac",
}


def normal(text):
    return re.sub(r"\s+", " ", text.strip().lower())


def attributes(meaning):
    return re.findall(r"(\w+)\[([^\]]*)\]", meaning)


def count(what, rows):
    counts = collections.Counter(row[0] for row in rows)
    print(f"{what:60} {counts['train']:6} {counts['valid']:6}")
    if "--rows" in sys.argv:
        for file, row, meaning, sentence in rows:
            print(f"    {file} {row}: {meaning} | {sentence}")


def main(folder):
    rows = []
    for file in ["train", "valid"]:
        with open(folder / f"{file}.csv", encoding="utf-8-sig", newline="") as source:
            for number, row in enumerate(csv.DictReader(source), 1):
                rows.append((file, number, row["mr"], row["ref"]))
    print(f"{'':60} {'train':>6} {'valid':>6}")
    totals = collections.Counter(row[0] for row in rows)
    print(f"{'rows':60} {totals['train']:6} {totals['valid']:6}")

    seen = set()
    twice = [row for row in rows if row[0] + row[2] + row[3] in seen or seen.add(row[0] + row[2] + row[3])]
    count("rows that are there before, in the same file", twice)

    meanings = collections.defaultdict(set)
    for _, _, meaning, sentence in rows:
        meanings[normal(sentence)].add(normal(meaning))
    count("rows whose sentence has another meaning too, in any file", [r for r in rows if len(meanings[normal(r[3])]) > 1])
    trained = {normal(row[3]) for row in rows if row[0] == "train"}
    count("validation sentences that are in training", [r for r in rows if r[0] == "valid" and normal(r[3]) in trained])
    known = {normal(row[2]) for row in rows if row[0] == "train"}
    count("validation rows whose meaning is in training", [r for r in rows if r[0] == "valid" and normal(r[2]) in known])

    for key in OPEN:
        count(f"{key}: not in the sentence as it is spelled",
              [r for r in rows if any(k == key and v.lower() not in r[3].lower() for k, v in attributes(r[2]))])
    for key, words in WORDS.items():
        count(f"{key}: none of the usual words is in the sentence",
              [r for r in rows if key in dict(attributes(r[2])) and not re.search(words, r[3], re.IGNORECASE)])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))

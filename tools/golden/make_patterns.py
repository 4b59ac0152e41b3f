"""Where tokenizers cuts texts: by the patterns of known models, and by patterns that test Oniguruma's syntax."""

import json
import random
import unicodedata

from golden import TOKENIZERS
from tokenizers import Regex, pre_tokenizers
from tricky_texts import TEXTS

CASELESS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
SPACES = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
CASED = rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+%s|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*%s"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
MODELS = {
    "GPT-2": [GPT2],
    "Llama 3": [CASELESS + "|" + WORDS + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACES],
    "Qwen 2": [CASELESS + "|" + WORDS + r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACES],
    "GPT-4o, Llama 4": [CASED % (CASELESS + "?", CASELESS + "?") + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + SPACES],
    "Tekken": [CASED % ("", "") + r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + SPACES],
    "SmolLM": [r"\p{N}", GPT2],
    "BLOOM": [" ?[^(\\s|[.,!?…。，、।۔،])]+"],
    "DeepSeek LLM": [
        "[\r\n]",
        "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳ]+",
        "\\s?[!-/:-~！-／：-～‘-‟　-。]+",
        "\\s+$",
        "[一-龥ࠀ-一가-퟿]+",
        r"\p{N}",
    ],
    "DeepSeek V3": [
        r"\p{N}{1,3}",
        "[一-龥぀-ゟ゠-ヿ]+",
        r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
        + SPACES,
    ],
}

# Cut as a whole and between any two of these characters.
ALPHABET = "aabBsSkfz_ \n\r\t\x0b19²½Ⅷ٣-é'ſßﬆ漢😀\u0301$+!\u2028\u0085\u212a"
SYNTAX = r"""
[[:alpha:]]+ [[:^alpha:]]+ [[:punct:]] [[:word:]]+ [[:space:]] [[:upper:][:digit:]] [[:alnum:]]+ [[:graph:]]+ [[:print:]]+ [[:cntrl:]]
[[:blank:]] [[:lower:]] [[:xdigit:]]+ [[:ascii:]]+ [^[:alpha:]\s] \p{punct} \p{Alpha} \p{^L} \P{Lu} \p{Uppercase_Letter} \p{white-space} \p{Han}
\p{greek} \p{Grek} \p{Any} \h+ \H+ [\h]+ [^\h] \w+ \W+ [\w]+ [\W] \b \B \bs \d \D+ \s+ \S+ \p{Word} [\p{Word}]
^ $ ^a a$ ^\s \s+$ \A. .\z .\Z . .+ (?m:.)+ (?m). \N+ \O+ \R \v [\v] \t|\n|\r \x{e9} \x61 \u00e9 \- [\]a] []a] [a-] [-a] [a-c-e] [!--] [\b]
[a-z&&[^s]] [^a-z&&\w] [a[sk]]+ [^[a-z][0-9]]
a{1,3}+ \d{1,3}+ a{,2} a{2} a{2}? a{2,}? a{1,2}? a{ a{1 a{,} { ] a++b a*+ a?+a a?? a** (?:a|b)+ (a|b)+ (?>a+)b (?:a{2}){2}
(?=a) (?!a). (?<=a). (?<!a). (?<=a|bb). (?<=^). (?<n>a)b (?'n'a) a(?#comment)b a(?i)b|k (?i:k) (?i:s) (?i)[a-z]+ (?i:[^a-z]) (?i:['’]s) (?i:s|t) 
(?-i:a) a||b a| a* x* (?i:[\d\s]+)
""".split()
SYNTAX += ["(?x: a  b # c\n)", r"\p{Other Letter}"]
BEHAVIORS = {
    "Removed": "removed",
    "Isolated": "isolated",
    "MergedWithPrevious": "merged_with_previous",
    "MergedWithNext": "merged_with_next",
    "Contiguous": "contiguous",
}
BROKEN = [
    r"(?P<n>a)", "(a", "a)", "[a", "*a", "a|+", "^*", r"(?=a)+", r"(?:\b|a)+", "[]", "[^]", "[z-a]", r"[a-\d]", r"[\d-z]", r"\p{Foo}", r"\p{IsGreek}",
    r"\p{Script=Greek}", r"\xe9", r"\u41", "a{100001}", r"(?s:.)", "\\", "(?", "(?<>a)", "(?<n", r"\p{", "(?#a", r"\k<n>", r"(?(1)a)",
]  # fmt: skip


def pieces(stages, text):
    return [piece for piece, _ in stages.pre_tokenize_str(text) if piece]


def random_texts(random, count):
    """Characters that Unicode 14 assigns, half of them as rare as they come."""
    assigned = [chr(c) for c in range(1, 0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
    common = " \n\r\t'aeinstAEIN0129.,!-/_" + "é漢字カ한😀\u0301٣½ſ\u2028\u0085\u3000"
    for _ in range(count):
        yield "".join(random.choice(assigned if random.random() < 0.5 else common) for _ in range(60))


def make_models(texts):
    models = []
    for name, patterns in MODELS.items():
        splits = [pre_tokenizers.Split(Regex(p), "isolated") for p in patterns]
        stages = pre_tokenizers.Sequence(splits)
        cuts = [[len(piece.encode("utf-16-le")) // 2 for piece in pieces(stages, text)] for text in texts]
        models.append({"name": name, "patterns": patterns, "cuts": cuts})
    return models


def make_syntax(random):
    cases = []
    for pattern in SYNTAX:
        for behavior in ["Isolated", random.choice(list(BEHAVIORS))]:
            text = "".join(random.choice(ALPHABET) for _ in range(40)) + random.choice(["", "\n"])
            stage = pre_tokenizers.Split(Regex(pattern), BEHAVIORS[behavior])
            cases.append({"pattern": pattern, "behavior": behavior, "text": text, "pieces": pieces(stage, text)})
    return cases


def make_broken():
    for pattern in BROKEN:
        try:
            Regex(pattern)
        except Exception:
            continue
        raise AssertionError(pattern)
    return BROKEN


def make_patterns():
    generator = random.Random(20)
    texts = [text for text in TEXTS if text] + list(random_texts(generator, 60))
    result = {"texts": texts, "models": make_models(texts), "syntax": make_syntax(generator), "broken": make_broken()}
    lines = [f'  "{key}": [\n    ' + ",\n    ".join(map(json.dumps, value)) + "\n  ]" for key, value in result.items()]
    (TOKENIZERS / "patterns.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make_patterns()

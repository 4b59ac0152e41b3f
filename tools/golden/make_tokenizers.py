"""Small tokenizers in each of the forms that Llama folders have, with what they make of tricky texts."""

import io
import json

import sentencepiece
from golden import TOKENIZERS, fresh, write_json
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers.convert_slow_tokenizer import bytes_to_unicode, generate_merges
from tricky_texts import TEXTS

CORPUS = "tools/golden/corpus.txt"
LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3_SPECIALS = [
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|reserved_special_token_0|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
]


def write_cases(folder, encode, encode_with_bos, decode, encode_specials=None, extra_decodes=()):
    """cases.json: for each text the ids and the text that they decode to, then ids of no text in particular."""
    lines = []
    for text in TEXTS:
        ids = encode(text)
        case = {"text": text, "ids": ids, "idsWithBos": encode_with_bos(text), "decoded": decode(ids)}
        if encode_specials is not None:
            case["idsParsingSpecials"] = encode_specials(text)
        lines.append("    " + json.dumps(case))
    decodes = ["    " + json.dumps({"ids": ids, "text": decode(ids)}) for ids in extra_decodes]
    cases = '{\n  "encode": [\n' + ",\n".join(lines) + '\n  ],\n  "decode": [\n' + ",\n".join(decodes) + "\n  ]\n}\n"
    (folder / "cases.json").write_text(cases, encoding="utf-8", newline="\n")


def write_json_cases(folder, decodes):
    """Cases of a tokenizer.json by the tokenizers library, special tokens taken as text except where parsed."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def encoder(specials_are_text, with_bos):
        def encode(text):
            tokenizer.encode_special_tokens = specials_are_text
            return tokenizer.encode(text, add_special_tokens=with_bos).ids

        return encode

    decode = lambda ids: tokenizer.decode(ids, skip_special_tokens=True)
    write_cases(folder, encoder(True, False), encoder(True, True), decode, encoder(False, False), decodes)


def decode_only(specials, byte, word):
    """Ids that no encoder makes: special tokens in odd places, bytes that are no or not yet UTF-8."""
    bos, eos = specials
    snow = [byte(b) for b in "雪".encode()]
    return [
        [],
        [bos],
        [bos, word, eos],
        [word, bos, word],
        [word, word],
        [bos, bos, word],
        snow,
        snow[:2],
        snow[:1] + [word],
        [word] + snow[1:],
        snow[:2] + snow,
        [byte(0xFF), byte(0xFE)],
        [byte(0xED), byte(0xA0), byte(0x80)],
        [byte(0xF0), byte(0x9F), byte(0x99), byte(0x82), byte(0xF0), byte(0x9F)],
        [byte(0x20), byte(0x41), byte(0x00), byte(0x0A)],
    ]


def write_config(folder, tokenizer_class, bos, eos, **more):
    config = {"add_bos_token": True, "add_eos_token": False, "bos_token": bos, "eos_token": eos}
    write_json(folder / "tokenizer_config.json", config | {"tokenizer_class": tokenizer_class} | more, indent=2)


def make_sentencepiece():
    folder = fresh(TOKENIZERS / "sentencepiece")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(open(CORPUS, encoding="utf-8").read().splitlines()),
        model_writer=model,
        model_type="bpe",
        vocab_size=480,
        character_coverage=0.98,
        byte_fallback=True,
        normalization_rule_name="identity",
        add_dummy_prefix=True,
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        split_digits=True,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    write_config(folder, "LlamaTokenizer", "<s>", "</s>", unk_token="<unk>", legacy=True)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    write_cases(
        folder,
        processor.encode,
        lambda text: processor.encode(text, add_bos=True),
        processor.decode,
        extra_decodes=decode_only((1, 2), lambda b: 3 + b, processor.piece_to_id("▁the")),
    )
    return processor


def make_fast(processor, name, metaspace):
    """The same pieces as a tokenizer.json: merges in the order of the scores of what they make."""
    folder = fresh(TOKENIZERS / name)
    pieces = [(processor.id_to_piece(i), processor.get_score(i)) for i in range(processor.vocab_size())]
    vocab = {piece: i for i, (piece, _) in enumerate(pieces)}
    merges = generate_merges(vocab, pieces, skip_tokens={"<unk>", "<s>", "</s>"})
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in ("<unk>", "<s>", "</s>")])
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="first", split=False)
    else:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    saved = json.loads(tokenizer.to_str())
    if not metaspace:  # as older files spell it
        saved["model"]["merges"] = [" ".join(pair) for pair in saved["model"]["merges"]]
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(saved, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    write_config(folder, "LlamaTokenizer", "<s>", "</s>", unk_token="<unk>", legacy=not metaspace)
    write_json_cases(folder, decode_only((1, 2), lambda b: 3 + b, vocab["▁the"]))


def make_byte_level():
    """Llama 3's form. Two words stand in the vocabulary without merges that lead to them: `ignore_merges` finds them."""
    folder = fresh(TOKENIZERS / "byte-level")
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(LLAMA3_PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=592, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train([CORPUS], trainer)

    saved = json.loads(tokenizer.to_str())
    vocab = saved["model"]["vocab"]
    for word in ("zebra", "Ġzebra"):
        vocab[word] = len(vocab)
    tokenizer = Tokenizer.from_str(json.dumps(saved))
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in LLAMA3_SPECIALS])
    bos = "<|begin_of_text|>"
    template = processors.TemplateProcessing(
        single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1", special_tokens=[(bos, tokenizer.token_to_id(bos))]
    )
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    tokenizer.save(str(folder / "tokenizer.json"))
    write_config(folder, "PreTrainedTokenizerFast", bos, "<|end_of_text|>")

    letters = bytes_to_unicode()
    specials = tokenizer.token_to_id(bos), tokenizer.token_to_id("<|end_of_text|>")
    write_json_cases(folder, decode_only(specials, lambda b: vocab[letters[b]], vocab["Ġthe"]))


if __name__ == "__main__":
    processor = make_sentencepiece()
    make_fast(processor, "legacy", metaspace=False)
    make_fast(processor, "metaspace", metaspace=True)
    make_byte_level()

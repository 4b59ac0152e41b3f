package org.bayu.llama.tokenizer;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * What both file forms are read into, before {@code tokenizer_config.json} has its say.
 *
 * @param added found in the text as it is
 * @param addedAfterNormalizing found in the normalized text, their contents being normalized
 */
record TokenizerParts(
    Path file,
    Vocabulary vocabulary,
    List<AddedToken> added,
    List<AddedToken> addedAfterNormalizing,
    Normalizer normalizer,
    PreTokenizer preTokenizer,
    Bpe bpe,
    Template template,
    DecodeRules decodeRules,
    OptionalInt bos,
    OptionalInt eos) {}

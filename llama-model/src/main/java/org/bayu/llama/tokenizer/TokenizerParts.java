package org.bayu.llama.tokenizer;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * What both file forms are read into, before {@code tokenizer_config.json} has its say.
 *
 * @param ends what is done to the ends of the whole text
 * @param added found in the text as it is
 * @param addedAfterNormalizing found in the normalized text, their contents being normalized
 */
record TokenizerParts(
    Path file,
    Vocabulary vocabulary,
    List<AddedToken> added,
    List<AddedToken> addedAfterNormalizing,
    Normalizer normalizer,
    Ends ends,
    PreTokenizer preTokenizer,
    Bpe bpe,
    Template template,
    DecodeRules decodeRules,
    OptionalInt bos,
    OptionalInt eos) {

  /**
   * SentencePiece's treatment of a text's ends. What lies between added tokens has none of it.
   *
   * @param prefix put in front of the normalized text, unless an added token begins it
   * @param trims without leading and trailing spaces
   */
  record Ends(String prefix, boolean trims) {
    static final Ends AS_THEY_ARE = new Ends("", false);
  }
}

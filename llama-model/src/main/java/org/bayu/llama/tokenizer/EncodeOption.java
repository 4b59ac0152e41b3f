package org.bayu.llama.tokenizer;

/** What {@link LlamaTokenizer#encode} does beside encoding the text. */
public enum EncodeOption {
  /**
   * Puts around the ids what the tokenizer's files put around every text: for Llama the BOS in
   * front. Transformers' {@code tokenizer(text)} does this.
   */
  TEMPLATE,

  /**
   * Puts in front of the ids what the tokenizer's files put in front of every text: the BOS, where
   * they add one. This is how a prompt begins.
   */
  PREFIX,

  /** Begins with the BOS, whatever the tokenizer's files say. */
  BOS,

  /**
   * Ends the text with the EOS. The ids are those that Transformers gives {@code text + eos_token},
   * while an EOS spelled out in the text itself stays text.
   */
  EOS,

  /**
   * Takes special tokens spelled out in the text, such as {@code </s>}, as those tokens, as
   * Transformers does. Not for text of users.
   */
  PARSE_SPECIAL
}

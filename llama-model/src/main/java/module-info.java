/** The Llama model: configuration, weights, tokenizer and generation. */
module org.bayu.llama {
  requires transitive org.bayu.tensor;
  requires com.fasterxml.jackson.databind;
  requires transitive it.unimi.dsi.fastutil.core;
  requires static transitive org.jspecify;

  exports org.bayu.llama;
  exports org.bayu.llama.generate;
  exports org.bayu.llama.hf;
  exports org.bayu.llama.tokenizer;
}

/**
 * Llama's tokenizers: {@link org.bayu.llama.tokenizer.LlamaTokenizer} reads {@code tokenizer.json}
 * or {@code tokenizer.model} and turns text into token ids and back; {@link
 * org.bayu.llama.tokenizer.Decoder} gives the text of ids as they come.
 *
 * {@snippet :
 * var tokenizer = LlamaTokenizer.load(Path.of("Llama-2-7b-hf"));
 * IntList prompt = tokenizer.prompt("Parse the query.");
 * String text = tokenizer.decode(prompt);
 * }
 */
@NullMarked
package org.bayu.llama.tokenizer;

import org.jspecify.annotations.NullMarked;

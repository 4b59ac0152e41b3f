/**
 * Text generation: {@link org.bayu.llama.generate.Generator} continues prompts, many at the same
 * time. {@link org.bayu.llama.generate.Sampling} says how the next token is chosen. {@link
 * org.bayu.llama.generate.Engine} is below them: it computes single steps of sequences that may
 * join and leave between steps.
 *
 * {@snippet :
 * try (var folder = ModelFolder.open(Path.of("Llama-2-7b-hf"));
 *     var device = Devices.cpu()) {
 *   var generator = new Generator(folder.model(), device, DType.BF16, folder.stopTokens());
 *   var prompt = folder.tokenizer().prompt("Once upon a time").toIntArray();
 *   var tokens = generator.generate(List.of(prompt), 64, Sampling.GREEDY, (i, token) -> {});
 *   System.out.println(folder.tokenizer().decode(tokens.getFirst()));
 * }
 * }
 */
@NullMarked
package org.bayu.llama.generate;

import org.jspecify.annotations.NullMarked;

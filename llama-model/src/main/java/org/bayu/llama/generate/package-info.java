/**
 * Text generation: {@link org.bayu.llama.generate.Generator} continues prompts, many at the same
 * time, and {@link org.bayu.llama.generate.Sampling} says how the next token is chosen.
 *
 * {@snippet :
 * try (var checkpoint = HfCheckpoint.open(Path.of("Llama-2-7b-hf"));
 *     var device = Device.cpu()) {
 *   var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
 *   var tokenizer = LlamaTokenizer.load(checkpoint.folder());
 *   var prompt = tokenizer.encode("Once upon a time", EncodeOption.BOS).toIntArray();
 *   var generator = new Generator(model, device, DType.BF16, IntSet.of(tokenizer.eosId().orElse(2)));
 *   var tokens = generator.generate(List.of(prompt), 64, Sampling.GREEDY, (i, token) -> {});
 *   System.out.println(tokenizer.decode(tokens.getFirst()));
 * }
 * }
 */
@NullMarked
package org.bayu.llama.generate;

import org.jspecify.annotations.NullMarked;

/**
 * The Llama model: {@link org.bayu.llama.HfCheckpoint} opens a model folder, {@link
 * org.bayu.llama.LlamaModel} computes with its weights, {@link org.bayu.llama.Generator} continues
 * prompts.
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
package org.bayu.llama;

import org.jspecify.annotations.NullMarked;

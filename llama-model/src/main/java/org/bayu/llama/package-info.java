/**
 * The Llama model: {@link org.bayu.llama.LlamaModel} computes hidden states, logits and loss of the
 * sequences of a {@link org.bayu.llama.TokenTree}. {@link org.bayu.llama.LlamaConfig} is its
 * architecture, {@link org.bayu.llama.Weights} its tensors by name.
 *
 * {@snippet :
 * try (var folder = ModelFolder.open(Path.of("Llama-2-7b-hf"));
 *     var device = Devices.cpu();
 *     var workspace = new Workspace()) {
 *   var model = folder.model();
 *   var tokens = folder.tokenizer().prompt("Once upon a");
 *   var tree = TokenTree.of(List.of(tokens.toIntArray()), TokenTree.DEFAULT_MINIMUM_SHARED);
 *   var tape = Tape.inference(device, workspace);
 *   var hidden = model.hidden(tape, tree, DType.BF16, 0);
 *   var next = model.logits(tape, hidden, tokens.size() - 1).value(); // [1, V]
 * }
 * }
 */
@NullMarked
package org.bayu.llama;

import org.jspecify.annotations.NullMarked;

/**
 * From a data file to the examples of a step: {@link org.bayu.train.data.RowReader} turns lines
 * into prompts and outputs, {@link org.bayu.train.data.TokenCache} into token ids, and {@link
 * org.bayu.train.DataOrder} says which of them a step takes.
 *
 * <pre>{@code
 * var reader = new RowReader(PromptTemplate.ALPACA, RowReader.Output.REQUIRED, false, false);
 * reader.read(Path.of("train.jsonl"), row -> System.out.println(row.prompt().text()));
 * }</pre>
 */
@NullMarked
package org.bayu.finetune.data;

import org.jspecify.annotations.NullMarked;

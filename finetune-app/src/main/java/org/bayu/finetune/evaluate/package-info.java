/**
 * The tutorial's evaluation: how near predicted function calls come to the expected ones.
 *
 * <pre>{@code
 * var evaluation = Evaluation.of(List.of(new Prediction("Any good?", "ask(a[b])", "ask(a[c])")));
 * System.out.println(EvaluationText.accuracies(evaluation));
 * }</pre>
 */
@NullMarked
package org.bayu.finetune.evaluate;

import org.jspecify.annotations.NullMarked;

/**
 * Targets of a fuzzer, Jazzer: one for each kind of file that a user may have from elsewhere.
 * {@code fuzz/run} starts them. They need nothing of Jazzer's, so every build compiles them, and
 * {@code FuzzTargetsTest} gives them their seeds.
 */
@NullMarked
package org.bayu.finetune.fuzz;

import org.jspecify.annotations.NullMarked;

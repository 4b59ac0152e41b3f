/**
 * What {@code java -jar finetune-app.jar} starts. Compiled for Java 8, so that whatever {@code
 * java} is the default can find one that the application runs on and start it there. Not
 * {@code @NullMarked}: for Java 8 that annotation comes with a warning.
 */
package org.bayu.finetune.launcher;

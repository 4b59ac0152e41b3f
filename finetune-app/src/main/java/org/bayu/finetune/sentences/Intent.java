package org.bayu.finetune.sentences;

/** What a speaker wants with a sentence about a hiking trail. */
public enum Intent {
  DESCRIBE,
  CONFIRM,
  REVIEW,
  RECOMMEND,
  FIND,
  ASK_WHY
}

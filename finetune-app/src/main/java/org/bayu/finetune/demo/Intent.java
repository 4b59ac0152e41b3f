package org.bayu.finetune.demo;

/** What a speaker wants with a sentence about a hiking trail. */
enum Intent {
  DESCRIBE,
  CONFIRM,
  REVIEW,
  RECOMMEND,
  FIND,
  ASK_WHY
}

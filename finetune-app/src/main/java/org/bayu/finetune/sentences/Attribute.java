package org.bayu.finetune.sentences;

/** What a sentence can say about a hiking trail. */
public enum Attribute {
  NAME,
  REGION,
  LENGTH,
  DIFFICULTY,
  SURFACE,
  SIGHTS,
  SEASON,
  HUT,
  DOGS,
  RATING
}

package org.bayu.finetune.demo;

/** What a sentence can say about a hiking trail. */
enum Attribute {
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

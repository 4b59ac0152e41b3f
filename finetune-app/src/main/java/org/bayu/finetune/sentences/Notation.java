package org.bayu.finetune.sentences;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A way to write meanings down in ViGGO's form, {@code function(attribute[value], attribute[value,
 * value])}: the names of functions and attributes, and the order of the attributes. Learning
 * another notation for the same sentences is the demo's changed task.
 */
public final class Notation {

  /** What the base model learns. */
  public static final Notation BASE =
      new Notation(
          Map.of(
              Intent.DESCRIBE, "describe",
              Intent.CONFIRM, "confirm",
              Intent.REVIEW, "review",
              Intent.RECOMMEND, "recommend",
              Intent.FIND, "find",
              Intent.ASK_WHY, "ask_why"),
          List.of(
              new Name(Attribute.NAME, "name"),
              new Name(Attribute.REGION, "region"),
              new Name(Attribute.LENGTH, "length"),
              new Name(Attribute.DIFFICULTY, "difficulty"),
              new Name(Attribute.SURFACE, "surface"),
              new Name(Attribute.SIGHTS, "sights"),
              new Name(Attribute.SEASON, "season"),
              new Name(Attribute.HUT, "has_hut"),
              new Name(Attribute.DOGS, "dogs_allowed"),
              new Name(Attribute.RATING, "rating")));

  /**
   * What the fine-tuned models learn: ViGGO's own functions, most attributes renamed, and another
   * order.
   */
  public static final Notation CHANGED =
      new Notation(
          Map.of(
              Intent.DESCRIBE, "inform",
              Intent.CONFIRM, "verify_attribute",
              Intent.REVIEW, "give_opinion",
              Intent.RECOMMEND, "suggest",
              Intent.FIND, "request",
              Intent.ASK_WHY, "request_explanation"),
          List.of(
              new Name(Attribute.NAME, "name"),
              new Name(Attribute.RATING, "rating"),
              new Name(Attribute.DIFFICULTY, "level"),
              new Name(Attribute.LENGTH, "distance"),
              new Name(Attribute.REGION, "location"),
              new Name(Attribute.SURFACE, "ground"),
              new Name(Attribute.SIGHTS, "landmarks"),
              new Name(Attribute.HUT, "has_shelter"),
              new Name(Attribute.DOGS, "dogs_welcome"),
              new Name(Attribute.SEASON, "season")));

  /** What an attribute is called. */
  private record Name(Attribute attribute, String text) {}

  private final Map<Intent, String> functions;
  private final List<Name> attributes;

  private Notation(Map<Intent, String> functions, List<Name> attributes) {
    this.functions = functions;
    this.attributes = attributes;
  }

  /** The function call. */
  public String write(Meaning meaning) {
    return attributes.stream()
        .filter(name -> meaning.mentions(name.attribute()))
        .map(name -> name.text() + "[" + String.join(", ", meaning.values(name.attribute())) + "]")
        .collect(Collectors.joining(", ", functions.get(meaning.intent()) + "(", ")"));
  }
}

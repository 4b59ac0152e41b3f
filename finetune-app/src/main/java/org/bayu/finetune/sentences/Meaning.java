package org.bayu.finetune.sentences;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What a sentence says, whatever a task calls it.
 *
 * @param intent what the speaker wants
 * @param values the attributes that the sentence mentions, each with at least one value
 */
public record Meaning(Intent intent, Map<Attribute, List<String>> values) {
  public Meaning {
    values = new EnumMap<>(values);
  }

  public boolean mentions(Attribute attribute) {
    return values.containsKey(attribute);
  }

  /** The value of an attribute that has one. */
  String value(Attribute attribute) {
    return values(attribute).getFirst();
  }

  /** All values of an attribute that is mentioned. */
  List<String> values(Attribute attribute) {
    var found = values.get(attribute);
    if (found == null) {
      throw new IllegalArgumentException(attribute + " is not mentioned");
    }
    return found;
  }
}

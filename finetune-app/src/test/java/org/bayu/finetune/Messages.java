package org.bayu.finetune;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What must be true of every message to the user, whatever is in the files it speaks of. */
public final class Messages {
  /** Characters of a message at most, beside the paths in it. */
  private static final int LONGEST = 400;

  /** Words of Java and its libraries. */
  private static final Pattern FOREIGN =
      Pattern.compile(
          "should not have happened|Exception|Error:|\\b(?:java|javax|jdk|com|org)\\.\\w|Jackson"
              + "|REDACTED|StreamRead|Deserialization|JsonToken|START_|END_OBJECT|VALUE_"
              + "|was expecting|Unrecognized token|Unexpected character|code 0x|start byte"
              + "|Input length = |MALFORMED|while scanning|while parsing|found unknown"
              + "|expected <|\\bclass (?:\\[|\\w+[.$])|@[0-9a-f]{6,}|Optional\\[");

  private static final Pattern CONTROL =
      Pattern.compile("[\\p{Cc}&&[^\\n]]|[\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]");

  private Messages() {}

  /**
   * What makes messages unfit for a user; null if nothing.
   *
   * @param messages a line each, without paths
   */
  public static @Nullable String problem(String messages) {
    var foreign = foreign(messages);
    if (foreign != null) {
      return "says '" + foreign + "'";
    }
    if (CONTROL.matcher(messages).find()) {
      return "prints control characters";
    }
    return messages.lines().anyMatch(line -> line.length() > LONGEST) ? "has a long message" : null;
  }

  /** The first of Java's or its libraries' words in the messages; null if there is none. */
  public static @Nullable String foreign(String messages) {
    var foreign = FOREIGN.matcher(messages);
    return foreign.find() ? foreign.group() : null;
  }
}

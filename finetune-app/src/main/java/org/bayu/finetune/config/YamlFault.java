package org.bayu.finetune.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/**
 * What is wrong with a text that is not YAML, in plain words: the parser's own are for those who
 * know its grammar.
 *
 * @param line where it is, from 1
 * @param column likewise
 * @param reason the end of a sentence, without the full stop
 */
record YamlFault(int line, int column, String reason) {
  /** How the parser says a place; what it quotes of the text is indented further. */
  private static final Pattern PLACE =
      Pattern.compile("^ in 'reader', line (\\d+), column (\\d+):$", Pattern.MULTILINE);

  private static final Pattern NO_BEGINNING = Pattern.compile("found character '(.)\\S*' that");

  /** What YAML does not let a text hold as it is. */
  private static final Pattern UNPRINTABLE =
      Pattern.compile("[^\\t\\n\\r -~\\x85\\xa0-\\ud7ff\\ue000-\\ufffd\\x{10000}-\\x{10ffff}]");

  /**
   * A fault by what the parser says of it.
   *
   * @param sign words of the parser
   * @param reason what they mean
   * @param begins whether it is where the parser began to read something, not where it gave up
   */
  private record Kind(String sign, String reason, boolean begins) {
    Kind(String sign, String reason) {
      this(sign, reason, false);
    }
  }

  private static final String ANCHOR = "a text that begins with & or * must stand in quotes";

  /** The first whose sign is in the parser's words is meant. */
  private static final List<Kind> KINDS =
      List.of(
          new Kind("found character '\\t", "a tab stands where spaces are expected"),
          new Kind(
              "mapping values are not allowed",
              "a colon stands where no key can be. Check the indentation, and put a text with a"
                  + " colon and a space in quotes"),
          new Kind("sequence entries are not", "a list begins on a line of its own"),
          new Kind("escape", "in double quotes \\ is written \\\\; or use single quotes"),
          new Kind("hexadecimal", "in double quotes \\ is written \\\\; or use single quotes"),
          new Kind("quoted scalar", "this quote is not closed", true),
          new Kind("flow sequence", "this list has no ], or lacks a comma", true),
          new Kind("flow mapping", "this section has no }, or lacks a comma", true),
          new Kind("flow node", "a value is missing here"),
          new Kind("block scalar", "after | or > the line must end"),
          new Kind("an anchor", ANCHOR),
          new Kind("an alias", ANCHOR),
          new Kind("field name", "a key must be a single text"),
          new Kind(
              "block collection", "a line of the list that begins with a dash is expected here"),
          new Kind(
              "block mapping",
              "a line 'key: value' is expected here. Check the indentation, the colon and the"
                  + " quotes"),
          new Kind(
              "could not find expected ':'", "a colon and a space are missing after a key", true),
          new Kind(
              "<document start>",
              "this is more than one section. Check the brackets, and a % that begins a line"),
          new Kind("a tag", "a text that begins with ! must stand in quotes"),
          new Kind("directive", "a text that begins with % must stand in quotes"));

  /** The first character that YAML does not let a text hold; null if there is none. */
  static @Nullable YamlFault unprintable(String text) {
    var found = UNPRINTABLE.matcher(text);
    if (!found.find()) {
      return null;
    }
    var before = text.substring(0, found.start());
    return new YamlFault(
        (int) before.chars().filter(c -> c == '\n').count() + 1,
        found.start() - before.lastIndexOf('\n'),
        "the control character " + Printable.escape(found.group()) + " stands here");
  }

  /** What a parser's exception means. */
  static YamlFault of(JsonProcessingException e) {
    var message = e.getOriginalMessage();
    var words =
        message.lines().filter(text -> !text.startsWith("    ")).collect(Collectors.joining("\n"));
    var kind = kind(words);
    var places = PLACE.matcher(words).results().toList();
    if (places.isEmpty()) {
      var place = e.getLocation() == null ? JsonLocation.NA : e.getLocation();
      return new YamlFault(
          Math.max(1, place.getLineNr()), Math.max(1, place.getColumnNr()), kind.reason);
    }
    var place = kind.begins ? places.getFirst() : places.getLast();
    return new YamlFault(
        Integer.parseInt(place.group(1)), Integer.parseInt(place.group(2)), kind.reason);
  }

  private static Kind kind(String words) {
    for (var kind : KINDS) {
      if (words.contains(kind.sign)) {
        return kind;
      }
    }
    var character = NO_BEGINNING.matcher(words);
    return new Kind(
        "",
        character.find()
            ? "a text that begins with " + character.group(1) + " must stand in quotes"
            : "this cannot be read. Check the indentation, the brackets and the quotes");
  }
}

package org.bayu.llama.tokenizer;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The characters of one of Oniguruma's classes, as Java writes them. Both have the same Unicode
 * tables.
 *
 * @param body what stands between the brackets of a Java class
 * @param negated all characters but those
 */
record CharacterSet(String body, boolean negated) {
  static final CharacterSet ANY = new CharacterSet("\\x{0}-\\x{10FFFF}", false);
  static final CharacterSet NOT_NEWLINE = new CharacterSet("\\x{A}", true);
  static final CharacterSet HEX_DIGIT = new CharacterSet("0-9A-Fa-f", false);

  private static final String WORD = "\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}";

  /** {@code \w} outside brackets. */
  static final CharacterSet WORD_ALONE =
      new CharacterSet(WORD + "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}", false);

  private static final List<String> CATEGORIES =
      Arrays.asList(
          ("L Lu Ll Lt LC Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po"
                  + " S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Cs Co Cn")
              .split(" "));

  /** Long names of the categories, in their order. */
  private static final List<String> CATEGORY_NAMES =
      Arrays.asList(
          ("letter uppercaseletter lowercaseletter titlecaseletter casedletter modifierletter"
                  + " otherletter mark nonspacingmark spacingmark enclosingmark number"
                  + " decimalnumber letternumber othernumber punctuation connectorpunctuation"
                  + " dashpunctuation openpunctuation closepunctuation initialpunctuation"
                  + " finalpunctuation otherpunctuation symbol mathsymbol currencysymbol"
                  + " modifiersymbol othersymbol separator spaceseparator lineseparator"
                  + " paragraphseparator other control format surrogate privateuse unassigned")
              .split(" "));

  /** Other properties that Java has under the same names. */
  private static final List<String> BINARY =
      List.of(
          "Alphabetic",
          "Lowercase",
          "Uppercase",
          "White_Space",
          "Ideographic",
          "Join_Control",
          "Noncharacter_Code_Point",
          "Emoji",
          "Emoji_Presentation",
          "Emoji_Modifier",
          "Emoji_Modifier_Base",
          "Emoji_Component",
          "Extended_Pictographic");

  CharacterSet not() {
    return new CharacterSet(body, !negated);
  }

  /** As a member of a Java class. */
  String member() {
    return negated ? alone() : body;
  }

  /** As a Java class of its own. */
  String alone() {
    if (body.startsWith("\\p{") && body.indexOf('}') == body.length() - 1) {
      return negated ? "\\P" + body.substring(2) : body;
    }
    return (negated ? "[^" : "[") + body + "]";
  }

  /** The set of a letter behind a backslash, or null. */
  static @Nullable CharacterSet ofEscape(char letter, boolean inBrackets) {
    var set =
        switch (Character.toLowerCase(letter)) {
          case 'd' -> ofPosix("digit");
          case 's' -> ofPosix("space");
          case 'w' -> property("word", inBrackets);
          case 'h' -> HEX_DIGIT;
          default -> null;
        };
    return set == null || Character.isLowerCase(letter) ? set : set.not();
  }

  /** The set that {@code [:name:]} names, or null. */
  static @Nullable CharacterSet ofPosix(String name) {
    return switch (name) {
      case "alnum" -> new CharacterSet("\\p{IsAlphabetic}\\p{Nd}", false);
      case "alpha" -> new CharacterSet("\\p{IsAlphabetic}", false);
      case "ascii" -> new CharacterSet("\\x{0}-\\x{7F}", false);
      case "blank" -> new CharacterSet("\\p{Zs}\\x{9}", false);
      case "cntrl" -> new CharacterSet("\\p{Cc}", false);
      case "digit" -> new CharacterSet("\\p{Nd}", false);
      case "graph" -> new CharacterSet("\\p{IsWhite_Space}\\p{Cc}\\p{Cn}\\p{Cs}", true);
      case "lower" -> new CharacterSet("\\p{IsLowercase}", false);
      case "print" -> new CharacterSet("\\p{Cc}\\p{Cn}\\p{Cs}\\x{2028}\\x{2029}", true);
      case "punct" -> new CharacterSet("\\p{P}\\p{S}", false);
      case "space" -> new CharacterSet("\\p{IsWhite_Space}", false);
      case "upper" -> new CharacterSet("\\p{IsUppercase}", false);
      case "xdigit" -> HEX_DIGIT;
      case "word" -> new CharacterSet(WORD, false);
      default -> null;
    };
  }

  /**
   * The set that {@code \p{name}} names, or null: a general category, a POSIX class, a script or
   * one of some more properties. Case, spaces, hyphens and underscores do not count.
   *
   * @param inBrackets outside them ² ³ ¹ ¼ ½ ¾ are word characters too
   */
  static @Nullable CharacterSet property(String name, boolean inBrackets) {
    var squeezed = squeezed(name);
    for (int i = 0; i < CATEGORIES.size(); i++) {
      var category = CATEGORIES.get(i);
      if (squeezed.equals(squeezed(category)) || squeezed.equals(CATEGORY_NAMES.get(i))) {
        return new CharacterSet("\\p{" + category + "}", false);
      }
    }
    switch (squeezed) {
      case "any" -> {
        return ANY;
      }
      case "assigned" -> {
        return new CharacterSet("\\p{Cn}", true);
      }
      case "punct" -> {
        return new CharacterSet("\\p{P}", false);
      }
      case "word" -> {
        return inBrackets ? ofPosix("word") : WORD_ALONE;
      }
      case "combiningmark" -> {
        return new CharacterSet("\\p{M}", false);
      }
      default -> {}
    }
    var posix = ofPosix(squeezed);
    if (posix != null) {
      return posix;
    }
    for (var binary : BINARY) {
      if (squeezed.equals(squeezed(binary))) {
        return new CharacterSet("\\p{Is" + binary + "}", false);
      }
    }
    var script = script(squeezed);
    return script == null ? null : new CharacterSet("\\p{Is" + script + "}", false);
  }

  /** A script by its name or its four letters. */
  private static Character.@Nullable UnicodeScript script(String squeezed) {
    for (var script : Character.UnicodeScript.values()) {
      if (squeezed.equals(squeezed(script.name()))) {
        return script;
      }
    }
    try {
      return Character.UnicodeScript.forName(squeezed);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** A set of one character, as a member of a Java class or alone. */
  static String literal(int codePoint) {
    boolean plain = codePoint < 0x80 && Character.isLetterOrDigit(codePoint);
    return plain ? Character.toString(codePoint) : String.format(Locale.ROOT, "\\x{%X}", codePoint);
  }

  private static String squeezed(String name) {
    return name.replaceAll("[ _-]", "").toLowerCase(Locale.ROOT);
  }
}

package org.bayu.finetune.sentences;

import java.util.List;
import java.util.Locale;

/** Words of random letters, which nobody can know by heart. */
final class MadeUpWords {
  private static final List<String> CONSONANTS =
      List.of(
          "b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "q", "r", "s", "t", "v", "w",
          "x", "y", "z", "bl", "br", "ch", "cl", "cr", "dr", "fl", "fr", "gl", "gr", "ph", "pl",
          "pr", "qu", "sc", "sh", "sk", "sl", "sm", "sn", "sp", "st", "sw", "th", "tr", "tw", "wh",
          "str", "");

  private static final List<String> VOWELS =
      List.of(
          "a", "e", "i", "o", "u", "a", "e", "i", "o", "u", "ai", "au", "ay", "ea", "ee", "ei",
          "ie", "io", "oa", "oi", "oo", "ou", "ow", "ue", "y");

  private static final List<String> CODAS =
      List.of(
          "", "", "", "b", "ck", "d", "f", "g", "l", "ll", "m", "n", "nd", "ng", "nt", "p", "r",
          "rd", "rk", "rn", "rt", "s", "ss", "st", "t", "tch", "x", "z", "mp", "lt", "ght");

  private static final List<String> ADJECTIVES =
      List.of(
          "y", "ing", "ed", "ful", "less", "ous", "ive", "ic", "al", "able", "ish", "ant", "ent",
          "ary", "-like", "some", "ian", "esque", "-paced", "-new", "");

  private final Choice choice;

  MadeUpWords(Choice choice) {
    this.choice = choice;
  }

  /** Small letters. */
  String word() {
    var word = new StringBuilder();
    for (var syllables = choice.one(1, 1, 2, 2, 2, 3); syllables > 0; syllables--) {
      word.append(choice.one(CONSONANTS)).append(choice.one(VOWELS));
      if (syllables == 1 || choice.chance(0.4)) {
        word.append(choice.one(CODAS));
      }
    }
    return word.toString();
  }

  /** A capital and small letters, now and then all capitals or with a number. */
  String name() {
    var word = word();
    return switch (choice.number(0, 19)) {
      case 0 -> word.toUpperCase(Locale.ROOT);
      case 1 -> capital(word) + choice.number(2, 99);
      case 2 -> capital(word) + "-" + capital(word());
      case 3 -> capital(word) + capital(word());
      case 4 -> choice.number(1, 9) + capital(word);
      default -> capital(word);
    };
  }

  /** What may stand before "game". */
  String adjective() {
    var word = word() + choice.one(ADJECTIVES);
    return choice.chance(0.1) ? word() + "ly " + word : word;
  }

  /** The most of {@link #adjective}. */
  String superlative() {
    return choice.chance(0.4) ? "most " + adjective() : word() + choice.one("est", "iest");
  }

  private static String capital(String word) {
    return word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
  }
}

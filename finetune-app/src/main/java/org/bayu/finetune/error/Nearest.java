package org.bayu.finetune.error;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** The name that a misspelled one may be meant for. */
public final class Nearest {
  /** Longer words are no misspellings. */
  private static final int LONGEST = 100;

  private Nearest() {}

  /** The name with the fewest edits, if they are few for the word's length. */
  public static Optional<String> of(String word, Collection<String> names) {
    if (word.length() > LONGEST) {
      return Optional.empty();
    }
    var small = plain(word);
    var most = most(word);
    return names.stream()
        .min(Comparator.comparingInt(name -> edits(small, name)))
        .filter(name -> edits(small, name) <= most);
  }

  /** Edits that a misspelling of so long a word has at most. */
  private static int most(String word) {
    return Math.max(Math.min(3, word.length() / 2), word.length() / 3);
  }

  /**
   * The key with the fewest edits, if they are few for its length; a wrong section before its last
   * name costs two.
   */
  public static Optional<String> key(String path, Collection<String> keys) {
    if (path.length() > LONGEST) {
      return Optional.empty();
    }
    var small = plain(path);
    return keys.stream()
        .min(Comparator.comparingInt(key -> keyEdits(small, key)))
        .filter(key -> keyEdits(small, key) <= most(path));
  }

  private static int keyEdits(String path, String key) {
    return Math.min(edits(path, key), 2 + edits(lastName(path), lastName(key)));
  }

  /** What stands behind the last dot. */
  public static String lastName(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /** In small letters, with underscores for dashes. */
  public static String plain(String word) {
    return word.toLowerCase(Locale.ROOT).replace('-', '_');
  }

  /** The Levenshtein distance: characters to insert, delete or replace. */
  private static int edits(String a, String b) {
    var row = new int[b.length() + 1];
    for (var j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (var i = 1; i <= a.length(); i++) {
      var diagonal = row[0];
      row[0] = i;
      for (var j = 1; j <= b.length(); j++) {
        var replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}

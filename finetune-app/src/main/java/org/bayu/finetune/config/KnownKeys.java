package org.bayu.finetune.config;

import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.bayu.finetune.UserException;
import org.bayu.finetune.config.ConfigNode.Items;
import org.bayu.finetune.config.ConfigNode.Keys;

/**
 * The keys that the configuration's reader asked for, with their sections' names and dots, and
 * those of Levanter that it does not read.
 */
final class KnownKeys {
  private final Set<String> known = new TreeSet<>();
  private final LevanterKeys levanter = new LevanterKeys();

  void add(String path) {
    known.add(path);
  }

  /**
   * Refuses the first key of the tree that neither was asked for nor may stand there without
   * effect.
   *
   * @return what was accepted without effect, in lines for the user
   */
  List<String> refuseOthers(Keys root) {
    refuseOthers(root, "");
    return levanter.notices();
  }

  private void refuseOthers(ConfigNode node, String prefix) {
    if (node instanceof Items(var items, _)) {
      items.forEach(item -> refuseOthers(item, prefix));
    }
    if (!(node instanceof Keys(var entries, _))) {
      return;
    }
    entries.forEach(
        (key, value) -> {
          var path = prefix + key;
          if (known.contains(path)) {
            refuseOthers(value, path + ".");
          } else if (!levanter.accepts(path, value)) {
            throw UserException.usage(
                "%s: the key %s is not known. Did you mean %s?"
                    .formatted(value.where(), path, nearest(path)));
          } else if (LevanterKeys.hasKeysBelow(path)) {
            refuseOthers(value, path + ".");
          }
        });
  }

  /** The known key that takes the fewest edits; a wrong section costs two. */
  private String nearest(String path) {
    return Stream.concat(known.stream(), LevanterKeys.acceptedPaths().stream())
        .min(Comparator.comparingInt(key -> distance(path, key)))
        .orElseThrow();
  }

  private static int distance(String path, String key) {
    return Math.min(edits(path, key), 2 + edits(lastPart(path), lastPart(key)));
  }

  private static String lastPart(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
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

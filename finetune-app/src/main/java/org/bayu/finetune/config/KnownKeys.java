package org.bayu.finetune.config;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bayu.finetune.config.ConfigNode.Items;
import org.bayu.finetune.config.ConfigNode.Keys;
import org.bayu.finetune.error.UserException;
import org.bayu.tensor.io.Printable;

/**
 * The keys that the configuration's reader asked for, with their sections' names and dots, and
 * those of Levanter that it does not read.
 */
final class KnownKeys {
  private final Set<String> known = new TreeSet<>();
  private final LevanterKeys levanter = new LevanterKeys();
  private final Set<String> options;

  /**
   * No keys yet.
   *
   * @param options names of the command's options, without dashes: what a flag may be meant for
   */
  KnownKeys(Set<String> options) {
    this.options = options;
  }

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
            throw notKnown(path, value.where());
          } else if (LevanterKeys.hasKeysBelow(path)) {
            refuseOthers(value, path + ".");
          }
        });
  }

  private UserException notKnown(String path, String where) {
    var flag = where.equals("--" + path) ? "--" : "";
    var accepted = new TreeSet<>(known);
    accepted.addAll(LevanterKeys.acceptedPaths());
    if (!flag.isEmpty()) {
      accepted.addAll(options);
    }
    var hint =
        KeyHint.of(path, accepted)
            .map(key -> "Did you mean " + flag + key + "?")
            .orElse("docs/configuration.md lists the keys.");
    var name = Printable.name(path);
    return UserException.usage(
        flag.isEmpty()
            ? where + ": the key " + name + " is not known. " + hint
            : flag + name + " is not known. " + hint);
  }
}

package org.bayu.finetune.config;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.bayu.finetune.config.ConfigNode.Items;
import org.bayu.finetune.config.ConfigNode.Keys;
import org.bayu.finetune.config.ConfigNode.Scalar;
import org.bayu.finetune.error.UserException;
import org.bayu.remote.files.LocalFiles;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/**
 * One section of the configuration, read key by key. A key that is absent or has no value gives the
 * default; what is asked for becomes known to {@link KnownKeys}.
 */
public final class ConfigSection {
  /** What a number may be. */
  enum Range {
    POSITIVE("a number above 0"),
    NEGATIVE("a number below 0"),
    NOT_NEGATIVE("a number of at least 0"),
    FRACTION("a number from 0 to 1"),
    BELOW_ONE("a number from 0 to below 1"),
    STEPS("a fraction from 0 to 1 or a whole number of steps");

    private final String expected;

    Range(String expected) {
      this.expected = expected;
    }

    private boolean holds(double x) {
      return x < Double.POSITIVE_INFINITY
          && switch (this) {
            case POSITIVE -> x > 0;
            case NEGATIVE -> x < 0 && x > Double.NEGATIVE_INFINITY;
            case NOT_NEGATIVE -> x >= 0;
            case FRACTION -> x >= 0 && x <= 1;
            case BELOW_ONE -> x >= 0 && x < 1;
            case STEPS -> x >= 0 && (x <= 1 || x == Math.rint(x));
          };
    }
  }

  private static final int LONGEST_NUMBER = 100;

  private static final Set<String> TRUE = Set.of("true", "yes", "on");
  private static final Set<String> FALSE = Set.of("false", "no", "off");

  private final Keys keys;
  private final String prefix;
  private final KnownKeys known;
  private final LocalFiles files;

  private ConfigSection(Keys keys, String prefix, KnownKeys known, LocalFiles files) {
    this.keys = keys;
    this.prefix = prefix;
    this.known = known;
    this.files = files;
  }

  /**
   * The whole configuration.
   *
   * @param files what its paths stand for
   */
  static ConfigSection root(Keys keys, KnownKeys known, LocalFiles files) {
    return new ConfigSection(keys, "", known, files);
  }

  /** The section of a key; an empty one if it is absent. */
  ConfigSection section(String key) {
    return switch (node(key)) {
      case null -> emptySection(key);
      case Keys inner -> inner(key, inner);
      case ConfigNode _ -> throw expected(key, "a section of keys");
    };
  }

  /** A section without keys, in place of the key's own value. */
  ConfigSection emptySection(String key) {
    return inner(key, new Keys(new LinkedHashMap<>(), ""));
  }

  /** The keys that were written. */
  Set<String> keys() {
    return keys.entries().keySet();
  }

  /** The sections that a key lists; null if it is absent. */
  @Nullable List<ConfigSection> sections(String key) {
    var items = items(key, "a list of sections");
    if (items == null) {
      return null;
    }
    var sections = new ArrayList<ConfigSection>();
    for (var item : items) {
      if (!(item instanceof Keys inner)) {
        throw expected(key, "a list of sections");
      }
      sections.add(inner(key, inner));
    }
    return sections;
  }

  private ConfigSection inner(String key, Keys inner) {
    return new ConfigSection(inner, prefix + key + ".", known, files);
  }

  /** Whether the key was written, with a value or without. */
  boolean has(String key) {
    return keys.entries().containsKey(key);
  }

  /** Whether the key has a section or a list of values. */
  public boolean isSection(String key) {
    return node(key) instanceof Keys;
  }

  /** Whether the key has a list. */
  public boolean isList(String key) {
    return node(key) instanceof Items;
  }

  @Nullable String text(String key) {
    return scalar(key, "text");
  }

  String text(String key, String absent) {
    var text = text(key);
    return text == null ? absent : text;
  }

  /** The texts that a key lists; null if it is absent. */
  @Nullable List<String> texts(String key) {
    var items = items(key, "a list");
    if (items == null) {
      return null;
    }
    var texts = new ArrayList<String>();
    for (var item : items) {
      if (!(item instanceof Scalar(var text, _)) || text == null) {
        throw expected(key, "a list of single values");
      }
      texts.add(text);
    }
    return texts;
  }

  /** What the configuration's paths stand for. */
  LocalFiles files() {
    return files;
  }

  @Nullable Path path(String key) {
    var text = text(key);
    try {
      return text == null ? null : files.path(text);
    } catch (IllegalArgumentException e) {
      throw bad(key, e.getMessage() + ".");
    }
  }

  Path path(String key, String absent) {
    var path = path(key);
    return path == null ? Path.of(absent) : path;
  }

  int whole(String key, int absent, int least) {
    var number = whole(key, least);
    return number == null ? absent : number;
  }

  @Nullable Integer whole(String key, int least) {
    var text = scalar(key, "a whole number");
    return text == null ? null : (Integer) whole(key, text, least);
  }

  /** A list of whole numbers; none if the key is absent. */
  List<Integer> wholes(String key, int least) {
    var texts = texts(key);
    return texts == null
        ? List.of()
        : texts.stream().map(text -> (Integer) whole(key, text, least)).toList();
  }

  /** A list of whole numbers, each greater than the one before; none if the key is absent. */
  List<Integer> increasing(String key, int least) {
    var numbers = wholes(key, least);
    for (var i = 1; i < numbers.size(); i++) {
      if (numbers.get(i) <= numbers.get(i - 1)) {
        throw bad(
            key,
            "%s follows %s, where ascending numbers are expected."
                .formatted(numbers.get(i), numbers.get(i - 1)));
      }
    }
    return numbers;
  }

  private int whole(String key, String text, int least) {
    try {
      var value = decimal(text).intValueExact();
      if (value >= least) {
        return value;
      }
    } catch (ArithmeticException | NumberFormatException e) {
      // The sentence below says it.
    }
    throw bad(
        key,
        String.format(
            Locale.ROOT,
            "'%s', where a whole number of at least %d is expected.",
            Printable.name(text),
            least));
  }

  /** Decimal notation only: Double.parseDouble also takes NaN, 1d and 0x1p3. */
  private static BigDecimal decimal(String text) {
    if (text.length() > LONGEST_NUMBER) { // reading it takes the square of its length
      throw new NumberFormatException();
    }
    return new BigDecimal(text);
  }

  long seed(String key, long absent) {
    var text = scalar(key, "a whole number");
    try {
      return text == null ? absent : decimal(text).longValueExact();
    } catch (ArithmeticException | NumberFormatException e) {
      throw expected(key, "a whole number of 64 bits");
    }
  }

  double number(String key, double absent, Range range) {
    var number = number(key, range);
    return number == null ? absent : number;
  }

  @Nullable Double number(String key, Range range) {
    var text = scalar(key, range.expected);
    if (text == null) {
      return null;
    }
    try {
      var value = decimal(text).doubleValue();
      if (range.holds(value)) {
        return value;
      }
    } catch (NumberFormatException e) {
      // The sentence below says it.
    }
    throw expected(key, range.expected);
  }

  boolean flag(String key, boolean absent) {
    var flag = flag(key);
    return flag == null ? absent : flag;
  }

  @Nullable Boolean flag(String key) {
    var text = scalar(key, "true or false");
    if (text == null) {
      return null;
    }
    var flag = toFlag(text);
    if (flag == null) {
      throw expected(key, "true or false");
    }
    return flag;
  }

  /** What a word says of true and false; null if nothing. */
  static @Nullable Boolean toFlag(String text) {
    var lower = text.toLowerCase(Locale.ROOT);
    return TRUE.contains(lower) ? Boolean.TRUE : FALSE.contains(lower) ? Boolean.FALSE : null;
  }

  /** One of the default's enum, in small letters. */
  <E extends Enum<E>> E choice(String key, E absent) {
    var choices = new LinkedHashMap<String, E>();
    for (var choice : absent.getDeclaringClass().getEnumConstants()) {
      choices.put(lower(choice), choice);
    }
    return choices.getOrDefault(choice(key, choices.keySet(), lower(absent)), absent);
  }

  /** One of some words, whatever the case. */
  String choice(String key, Set<String> choices, String absent) {
    var expected = "one of " + String.join(", ", choices);
    var text = scalar(key, expected);
    var word = text == null ? absent : text.toLowerCase(Locale.ROOT);
    if (!choices.contains(word)) {
      throw expected(key, expected);
    }
    return word;
  }

  private static String lower(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT);
  }

  /** An error that says what the key's value should be. */
  public UserException expected(String key, String expected) {
    var value = String.valueOf(keys.entries().get(key));
    return bad(key, "%s, where %s is expected.".formatted(value, expected));
  }

  /** An error about the key's value: place, key, and the sentence's end. */
  UserException bad(String key, String what) {
    var node = keys.entries().get(key);
    var where = node == null ? keys.where() : node.where();
    return UserException.usage(place(prefix + key, where) + what);
  }

  /** How a sentence about a key begins: where it stands and which it is. */
  static String place(String path, String where) {
    return where.equals("--" + path) ? where + ": " : where + ": " + path + ": ";
  }

  /** An error about the section. */
  UserException bad(String what) {
    var name = prefix.substring(0, prefix.length() - 1);
    return UserException.usage(
        (keys.where().isEmpty() ? "" : keys.where() + ": ") + name + ": " + what);
  }

  private @Nullable String scalar(String key, String expected) {
    return switch (node(key)) {
      case null -> null;
      case Scalar(var text, _) -> text;
      case ConfigNode _ -> throw expected(key, expected);
    };
  }

  private @Nullable List<ConfigNode> items(String key, String expected) {
    return switch (node(key)) {
      case null -> null;
      case Items(var items, _) -> items;
      case ConfigNode _ -> throw expected(key, expected);
    };
  }

  /** The key's node; null if it is absent or has no value. */
  private @Nullable ConfigNode node(String key) {
    known.add(prefix + key);
    var node = keys.entries().get(key);
    return node instanceof Scalar(var text, _) && text == null ? null : node;
  }
}

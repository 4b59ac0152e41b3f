package org.bayu.llama.tokenizer;

import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Translates a regular expression as tokenizers reads it, in Oniguruma's syntax, to one of Java's
 * that matches the same. What has no equal in Java, or is an error in Oniguruma, is refused by its
 * name. Source: Oniguruma's {@code doc/RE}, and tokenizers itself for what that leaves open.
 *
 * <p>Groups capture nothing, for back-references are refused.
 */
final class OnigurumaPattern {
  /** Oniguruma's limit, here also for repeats of repeats: {@code (a{1000}){1000}} is refused. */
  private static final int MOST_REPEATS = 100_000;

  /** In how many ways a part may match nothing: trying them reads no text, so nothing else ends. */
  private static final int MOST_EMPTY_WAYS = 1000;

  /** Pairs of letters that Unicode also writes as one when case does not count: ß, ﬀ, ﬁ, ﬂ, ﬆ. */
  private static final List<String> LIGATURES = List.of("ss", "ff", "fi", "fl", "st");

  private final OnigurumaReader in;

  /** The letter that the next one may make a ligature with, where case does not count. */
  private int previousLetter;

  /**
   * A translated part.
   *
   * @param java the part, to which a quantifier can be added
   * @param repeatable false for what alone stands between characters, such as {@code ^}
   * @param repeats how often its inside is repeated at least, at most
   * @param emptyWays in how many ways it may match nothing
   */
  private record Part(String java, boolean repeatable, double repeats, double emptyWays) {
    static Part characters(String java) {
      return new Part(java, true, 1, 0);
    }

    static Part between(String java) {
      return new Part(java, false, 1, 1);
    }

    Part group(String opening) {
      return new Part(opening + java + ")", repeatable, repeats, emptyWays);
    }

    /** The same group, which Oniguruma repeats whatever is in it. */
    Part asRepeatable() {
      return new Part(java, true, repeats, emptyWays);
    }
  }

  private OnigurumaPattern(String expression) {
    in = new OnigurumaReader(expression);
  }

  /**
   * Compiles an expression.
   *
   * @throws PatternSyntaxException whose description continues "the expression …"
   */
  static Pattern compile(String expression) {
    var translator = new OnigurumaPattern(expression);
    if (expression.length() > OnigurumaReader.LONGEST) {
      throw translator.in.unsupported("more than " + OnigurumaReader.LONGEST + " characters");
    }
    var whole = translator.alternatives(Options.NONE);
    if (!translator.in.atEnd()) {
      throw translator.in.broken("a parenthesis is closed that was not opened");
    }
    try {
      return Pattern.compile(whole.java());
    } catch (PatternSyntaxException e) {
      throw new PatternSyntaxException(
          "holds a look-behind without a greatest length, which Bayu does not implement",
          expression,
          -1);
    }
  }

  /** What {@code (?imx)} turns on. */
  private record Options(boolean ignoreCase, boolean dotAll, boolean extended) {
    static final Options NONE = new Options(false, false, false);

    @Nullable Options with(char letter, boolean on) {
      return switch (letter) {
        case 'i' -> new Options(on, dotAll, extended);
        case 'm' -> new Options(ignoreCase, on, extended);
        case 'x' -> new Options(ignoreCase, dotAll, on);
        default -> null;
      };
    }
  }

  private Part alternatives(Options options) {
    in.enter();
    var java = new StringJoiner("|");
    double repeats = 1;
    double emptyWays = 0;
    boolean repeatable = true;
    do {
      previousLetter = 0;
      var part = sequence(options);
      java.add(part.java());
      repeatable &= part.repeatable();
      repeats = Math.max(repeats, part.repeats());
      emptyWays += part.emptyWays();
    } while (in.take('|'));
    in.leave();
    return checked(new Part(java.toString(), repeatable, repeats, emptyWays));
  }

  private Part sequence(Options options) {
    var java = new StringBuilder();
    double repeats = 1;
    double emptyWays = 1;
    int count = 0;
    boolean repeatable = true;
    while (true) {
      in.skipIgnored(options.extended());
      if (in.atEnd() || in.peek() == '|' || in.peek() == ')') {
        break;
      }
      var part = quantified(atom(options), options);
      java.append(part.java());
      count++;
      repeatable = part.repeatable() || count > 1;
      repeats = Math.max(repeats, part.repeats());
      emptyWays *= part.emptyWays();
      checked(new Part("", repeatable, repeats, emptyWays));
    }
    return new Part(java.toString(), repeatable, repeats, emptyWays);
  }

  private Part checked(Part part) {
    if (part.emptyWays() > MOST_EMPTY_WAYS) {
      throw in.unsupported("a part that matches nothing in more than 1000 ways");
    }
    return part;
  }

  private Part atom(Options options) {
    int start = in.at();
    int c = in.next();
    return switch (c) {
      case '(' -> group(options);
      case '[' -> {
        previousLetter = 0;
        yield Part.characters(new OnigurumaBrackets(in, options.ignoreCase()).read().alone());
      }
      case '.' -> set(options.dotAll() ? CharacterSet.ANY : CharacterSet.NOT_NEWLINE);
      case '^' -> between("(?dm:^)");
      case '$' -> between("(?dm:$)");
      case '*', '+', '?' -> throw in.broken("nothing stands in front of a quantifier");
      case '{' -> {
        if (in.interval() != null) {
          throw in.broken("nothing stands in front of a quantifier");
        }
        yield literal(c, options);
      }
      case '\\' -> escape(start, options);
      default -> literal(c, options);
    };
  }

  private Part set(CharacterSet set) {
    previousLetter = 0;
    return Part.characters(set.alone());
  }

  private Part between(String java) {
    previousLetter = 0;
    return Part.between(java);
  }

  private Part literal(int codePoint, Options options) {
    if (!options.ignoreCase()) {
      previousLetter = 0;
      return Part.characters(CharacterSet.literal(codePoint));
    }
    var cases = in.cases(codePoint);
    var pair = Character.toString(previousLetter) + Character.toString(codePoint);
    if (LIGATURES.contains(pair.toLowerCase(Locale.ROOT))) {
      throw in.unsupported("\"" + pair + "\" where case does not count");
    }
    previousLetter = codePoint;
    return Part.characters(new CharacterSet(cases, false).alone());
  }

  private Part escape(int start, Options options) {
    if (in.atEnd()) {
      throw in.broken("a backslash stands at the end");
    }
    int c = in.peek();
    var set = c < 0x80 ? CharacterSet.ofEscape((char) c, /* inBrackets= */ false) : null;
    if (set != null) {
      in.next();
      return set(set);
    }
    return switch (c) {
      case 'p', 'P' -> set(in.property(/* inBrackets= */ false));
      case 'N', 'O' -> {
        in.next();
        yield set(c == 'N' ? CharacterSet.NOT_NEWLINE : CharacterSet.ANY);
      }
      case 'R' -> {
        in.next();
        previousLetter = 0;
        yield Part.characters("(?>\\x{D}\\x{A}|[\\x{A}-\\x{D}\\x{85}\\x{2028}\\x{2029}])");
      }
      case 'A', 'z' -> {
        in.next();
        yield between(c == 'A' ? "\\A" : "\\z");
      }
      case 'Z' -> {
        in.next();
        yield between("(?=\\x{A}?\\z)");
      }
      case 'b', 'B' -> {
        in.next();
        var word = CharacterSet.WORD_ALONE.alone();
        var format =
            c == 'b'
                ? "(?:(?<=%1$s)(?!%1$s)|(?<!%1$s)(?=%1$s))"
                : "(?:(?<=%1$s)(?=%1$s)|(?<!%1$s)(?!%1$s))";
        yield between(String.format(Locale.ROOT, format, word));
      }
      default -> literal(in.escapedCharacter(start), options);
    };
  }

  private Part group(Options options) {
    if (!in.take('?')) {
      if (!in.atEnd() && in.peek() == '*') {
        throw in.unsupported("a callout");
      }
      return closed(alternatives(options)).group("(?:").asRepeatable();
    }
    int start = in.at() - 2;
    int c = in.atEnd() ? 0 : in.next();
    boolean behind = c == '<' && !in.atEnd() && (in.peek() == '=' || in.peek() == '!');
    if (behind) {
      var opening = "(?<" + (char) in.next();
      return between(closed(alternatives(options)).group(opening).java());
    }
    return switch (c) {
      case ':' -> closed(alternatives(options)).group("(?:");
      case '>' -> closed(alternatives(options)).group("(?>").asRepeatable();
      case '=', '!' -> between(closed(alternatives(options)).group("(?" + (char) c).java());
      case '<', '\'' -> {
        in.name(c == '<' ? '>' : '\'');
        yield closed(alternatives(options)).group("(?:").asRepeatable();
      }
      case 'P' -> throw in.broken("it has no group (?P, only (?<name>", start);
      case 'i', 'm', 'x', '-' -> options(start, c, options);
      default -> throw in.unsupported("the group " + in.since(start), start);
    };
  }

  /** {@code (?i)} up to the end of the group around it, or {@code (?i:…)}. */
  private Part options(int start, int first, Options before) {
    var options = before;
    boolean on = true;
    int c = first;
    while (c != ')' && c != ':') {
      var changed = c == '-' ? options : c < 0x80 ? options.with((char) c, on) : null;
      if (changed == null || in.atEnd()) {
        throw in.unsupported("the group " + in.since(start), start);
      }
      on &= c != '-';
      options = changed;
      c = in.next();
    }
    var inner = alternatives(options);
    return (c == ':' ? closed(inner) : inner).group("(?:").asRepeatable();
  }

  private Part closed(Part inner) {
    if (!in.take(')')) {
      throw in.broken("a parenthesis is not closed");
    }
    return inner;
  }

  private Part quantified(Part atom, Options options) {
    var part = atom;
    boolean repeated = false;
    while (true) {
      in.skipIgnored(options.extended());
      var range = in.quantifier();
      if (range == null) {
        return part;
      }
      if (!part.repeatable()) {
        throw in.broken("a quantifier stands behind what has no length");
      }
      previousLetter = 0;
      var inner = repeated ? "(?:" + part.java() + ")" : part.java();
      double repeats = part.repeats() * Math.max(1, range.count());
      if (repeats > MOST_REPEATS) {
        throw in.unsupported("a part that is repeated more than 100,000 times");
      }
      double ways = part.emptyWays();
      double emptyWays = Math.pow(ways, range.least()) * (ways + 1);
      part = checked(new Part(inner + range.java(), true, repeats, emptyWays));
      repeated = true;
    }
  }
}

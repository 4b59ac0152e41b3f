package org.bayu.llama.tokenizer;

import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/**
 * Reads a class in brackets of Oniguruma's syntax: members, ranges, {@code [:alpha:]}, classes
 * inside it, and {@code &&}.
 */
final class OnigurumaBrackets {
  private final OnigurumaReader in;
  private final boolean ignoreCase;

  /** Properties that hold all cases of their characters, and no character that folds to several. */
  private static final List<String> CASELESS = List.of("\\p{Nd}", "\\p{IsWhite_Space}", "\\p{N}");

  OnigurumaBrackets(OnigurumaReader in, boolean ignoreCase) {
    this.in = in;
    this.ignoreCase = ignoreCase;
  }

  /** Reads the rest of a class behind its opening bracket. */
  CharacterSet read() {
    in.enter();
    var set = members();
    in.leave();
    return set;
  }

  private CharacterSet members() {
    int start = in.at() - 1;
    boolean negated = in.take('^');
    var operands = new ArrayList<String>();
    var members = new StringBuilder();
    boolean first = true;
    boolean afterRange = false;
    boolean afterSet = false;
    while (true) {
      if (in.atEnd()) {
        throw in.broken("a bracket is not closed", start);
      }
      if (in.startsWith("&&")) {
        in.next();
        in.next();
        operands.add(operand(members, start));
        members.setLength(0);
        afterRange = false;
        afterSet = false;
        first = false;
        continue;
      }
      if (!first && in.take(']')) {
        break;
      }
      if (in.peek() == '-' && (afterSet || afterRange)) {
        in.next();
        boolean closes = !in.atEnd() && in.peek() == ']';
        if (!closes && (afterSet || in.startsWith("-") || in.startsWith("&&"))) {
          throw in.unsupported("a hyphen that may be a range");
        }
        members.append(CharacterSet.literal('-'));
        afterRange = false;
        afterSet = false;
        continue;
      }
      if (first && in.peek() == ']' && !in.has("]")) {
        throw in.broken("a class is empty", start);
      }
      first = false;
      var set = set();
      afterSet = set != null;
      afterRange = false;
      if (set != null) {
        members.append(set.member());
        continue;
      }
      int from = character();
      if (in.startsWith("-") && !in.startsWith("-]")) {
        in.next();
        if (in.startsWith("[") || in.startsWith("&&") || in.atEnd() || setFollows()) {
          throw in.unsupported("a hyphen that may be a range");
        }
        range(from, character(), members);
        afterRange = true;
      } else {
        members.append(ignoreCase ? in.cases(from) : CharacterSet.literal(from));
      }
    }
    var last = operand(members, start);
    if (operands.isEmpty()) {
      return new CharacterSet(last, negated);
    }
    if (ignoreCase) {
      throw in.unsupported("&& where case does not count", start);
    }
    operands.add(last);
    return new CharacterSet("[[" + String.join("]&&[", operands) + "]]", negated);
  }

  private String operand(StringBuilder members, int start) {
    if (members.isEmpty()) {
      throw in.unsupported("a class with nothing beside &&", start);
    }
    return members.toString();
  }

  /** The class that begins here, or null where a character does. */
  private @Nullable CharacterSet set() {
    int start = in.at();
    CharacterSet set;
    if (in.startsWith("[:")) {
      in.next();
      in.next();
      boolean negated = in.take('^');
      var name = in.until(":]", "[:");
      set = CharacterSet.ofPosix(name);
      if (set == null) {
        throw in.unsupported("the class [:" + Printable.name(name) + ":]", start);
      }
      set = negated ? set.not() : set;
    } else if (in.take('[')) {
      if (ignoreCase) {
        throw in.unsupported("a class inside a class where case does not count", start);
      }
      return new CharacterSet(read().alone(), false);
    } else if (setFollows()) {
      in.next();
      int letter = in.peek();
      if (letter == 'p' || letter == 'P') {
        set = in.property(/* inBrackets= */ true);
      } else {
        in.next();
        set = CharacterSet.ofEscape((char) letter, /* inBrackets= */ true);
      }
    } else {
      return null;
    }
    if (set != null && ignoreCase && (set.negated() || !CASELESS.contains(set.body()))) {
      throw in.unsupported(in.since(start) + " in a class where case does not count", start);
    }
    return set;
  }

  private boolean setFollows() {
    return in.startsWith("\\d")
        || in.startsWith("\\D")
        || in.startsWith("\\s")
        || in.startsWith("\\S")
        || in.startsWith("\\w")
        || in.startsWith("\\W")
        || in.startsWith("\\h")
        || in.startsWith("\\H")
        || in.startsWith("\\p")
        || in.startsWith("\\P");
  }

  private int character() {
    int start = in.at();
    if (!in.take('\\')) {
      return in.next();
    }
    if (in.atEnd()) {
      throw in.broken("a backslash stands at the end");
    }
    if (in.take('b')) {
      return '\b';
    }
    return in.escapedCharacter(start);
  }

  private void range(int from, int to, StringBuilder members) {
    if (from > to) {
      throw in.broken("a range ends before it begins");
    }
    if (!ignoreCase) {
      members.append(CharacterSet.literal(from)).append('-').append(CharacterSet.literal(to));
      return;
    }
    if (to >= 0x80) {
      throw in.unsupported("a range beyond ASCII where case does not count");
    }
    for (int c = from; c <= to; c++) {
      members.append(in.cases(c));
    }
  }
}

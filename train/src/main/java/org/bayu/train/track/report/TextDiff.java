package org.bayu.train.track.report;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What an expected and a predicted text have in common: the longest common subsequence of their
 * words and other characters.
 *
 * @param expected the expected text in parts; what the prediction lacks is marked
 * @param predicted the predicted text in parts; what is not expected is marked
 * @param likeness characters in common, twice, divided by the characters of both; 1 for equal texts
 */
record TextDiff(List<Part> expected, List<Part> predicted, double likeness) {
  /**
   * Comparing takes time and memory in the product of the lengths; what is longer is marked whole.
   */
  private static final int MOST_CELLS = 1_000_000;

  private static final Pattern PIECE = Pattern.compile("[\\p{L}\\p{N}_]+|\\s+|\\X");

  /** A part of a text. */
  record Part(String text, boolean marked) {}

  /** Compares two texts. */
  static TextDiff of(String expected, String predicted) {
    var a = pieces(expected);
    var b = pieces(predicted);
    var inA = new boolean[a.size()]; // which are in common
    var inB = new boolean[b.size()];
    var start = 0;
    while (start < Math.min(a.size(), b.size()) && a.get(start).equals(b.get(start))) {
      inA[start] = true;
      inB[start] = true;
      start++;
    }
    var endA = a.size();
    var endB = b.size();
    while (endA > start && endB > start && a.get(endA - 1).equals(b.get(endB - 1))) {
      inA[--endA] = true;
      inB[--endB] = true;
    }
    if ((long) (endA - start) * (endB - start) <= MOST_CELLS) {
      match(a, b, start, endA, endB, inA, inB);
    }
    var common = 0;
    for (var i = 0; i < a.size(); i++) {
      common += inA[i] ? a.get(i).length() : 0;
    }
    slide(a, inA);
    slide(b, inB);
    var all = expected.length() + predicted.length();
    return new TextDiff(parts(a, inA), parts(b, inB), all == 0 ? 1 : 2.0 * common / all);
  }

  private static List<String> pieces(String text) {
    return PIECE.matcher(text).results().map(match -> match.group()).toList();
  }

  /** Marks the longest common subsequence of the parts from {@code start} to the ends. */
  private static void match(
      List<String> a, List<String> b, int start, int endA, int endB, boolean[] inA, boolean[] inB) {
    var rows = endA - start;
    var columns = endB - start;
    var length = new int[rows + 1][columns + 1]; // characters in common from here to the ends
    for (var i = rows - 1; i >= 0; i--) {
      for (var j = columns - 1; j >= 0; j--) {
        var piece = a.get(start + i);
        length[i][j] =
            piece.equals(b.get(start + j))
                ? length[i + 1][j + 1] + piece.length()
                : Math.max(length[i + 1][j], length[i][j + 1]);
      }
    }
    for (int i = 0, j = 0; i < rows && j < columns; ) {
      if (a.get(start + i).equals(b.get(start + j))) {
        inA[start + i++] = true;
        inB[start + j++] = true;
      } else if (length[i + 1][j] >= length[i][j + 1]) {
        i++;
      } else {
        j++;
      }
    }
  }

  /**
   * Moves what is not in common to the right where it may be as well: "x], y[z]" has lost "], y[z"
   * or ", y[z]".
   */
  private static void slide(List<String> pieces, boolean[] common) {
    for (var begin = pieces.size() - 1; begin >= 0; begin--) {
      if (common[begin] || (begin > 0 && !common[begin - 1])) {
        continue;
      }
      var from = begin;
      var end = from;
      while (end < common.length && !common[end]) {
        end++;
      }
      while (end < common.length && common[end] && pieces.get(from).equals(pieces.get(end))) {
        common[from++] = true;
        common[end++] = false;
      }
    }
  }

  /** Joins neighbours that are both in common or both not. */
  private static List<Part> parts(List<String> pieces, boolean[] common) {
    var parts = new ArrayList<Part>();
    var text = new StringBuilder();
    for (var i = 0; i < pieces.size(); i++) {
      text.append(pieces.get(i));
      if (i + 1 == pieces.size() || common[i + 1] != common[i]) {
        parts.add(new Part(text.toString(), !common[i]));
        text.setLength(0);
      }
    }
    return parts;
  }
}

package org.bayu.finetune.evaluate;

import java.util.Locale;
import java.util.Map;

/** Text in an image, in capitals of three by five dots: fit for the names of functions. */
final class PixelText {
  /** Pixels of a dot's side. */
  private static final int DOT = 2;

  /** Pixels from one character to the next. */
  static final int ADVANCE = 4 * DOT;

  /** Pixels of a character's height. */
  static final int HEIGHT = 5 * DOT;

  private static final String UNKNOWN = "75557";

  /** A character's rows from top to bottom, each an octal digit of three dots. */
  private static final Map<Character, String> DOTS =
      Map.ofEntries(
          Map.entry('0', "75557"),
          Map.entry('1', "26227"),
          Map.entry('2', "71747"),
          Map.entry('3', "71717"),
          Map.entry('4', "55711"),
          Map.entry('5', "74717"),
          Map.entry('6', "74757"),
          Map.entry('7', "71122"),
          Map.entry('8', "75757"),
          Map.entry('9', "75717"),
          Map.entry('A', "25755"),
          Map.entry('B', "65656"),
          Map.entry('C', "34443"),
          Map.entry('D', "65556"),
          Map.entry('E', "74647"),
          Map.entry('F', "74644"),
          Map.entry('G', "34553"),
          Map.entry('H', "55755"),
          Map.entry('I', "72227"),
          Map.entry('J', "11152"),
          Map.entry('K', "55655"),
          Map.entry('L', "44447"),
          Map.entry('M', "57755"),
          Map.entry('N', "65555"),
          Map.entry('O', "25552"),
          Map.entry('P', "65644"),
          Map.entry('Q', "25563"),
          Map.entry('R', "65655"),
          Map.entry('S', "34216"),
          Map.entry('T', "72222"),
          Map.entry('U', "55557"),
          Map.entry('V', "55552"),
          Map.entry('W', "55775"),
          Map.entry('X', "55255"),
          Map.entry('Y', "55222"),
          Map.entry('Z', "71247"),
          Map.entry('_', "00007"),
          Map.entry('-', "00700"),
          Map.entry('.', "00002"),
          Map.entry('/', "11244"),
          Map.entry(':', "02020"),
          Map.entry('(', "24442"),
          Map.entry(')', "21112"),
          Map.entry(' ', "00000"));

  private PixelText() {}

  /**
   * Draws a text, cut at the image's right edge.
   *
   * @param pixels of the image, row by row
   * @param width of the image
   * @param x of the text's left edge
   * @param y of its upper edge
   */
  static void draw(int[] pixels, int width, int x, int y, String text, int color) {
    var capitals = text.toUpperCase(Locale.ROOT);
    for (var i = 0; i < capitals.length(); i++) {
      var rows = DOTS.getOrDefault(capitals.charAt(i), UNKNOWN);
      for (var row = 0; row < HEIGHT; row++) {
        var dots = rows.charAt(row / DOT) - '0';
        for (var column = 0; column < 3 * DOT; column++) {
          var pixel = x + i * ADVANCE + column;
          if (((dots >> (2 - column / DOT)) & 1) != 0 && pixel < width) {
            pixels[(y + row) * width + pixel] = color;
          }
        }
      }
    }
  }
}

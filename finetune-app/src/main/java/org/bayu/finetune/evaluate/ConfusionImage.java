package org.bayu.finetune.evaluate;

import java.util.Arrays;
import java.util.Optional;
import org.bayu.train.track.PngImage;

/**
 * A confusion matrix as an image: the darker a cell, the greater its share of the row. The columns
 * bear the numbers of the rows of the same names.
 */
final class ConfusionImage {
  private static final int CELL_WIDTH = 44;
  private static final int CELL_HEIGHT = 20;
  private static final int MARGIN = 5;

  /** Characters of a name at most. */
  private static final int NAME = 28;

  /** More names than that are no image to look at. */
  private static final int NAMES = 200;

  private static final int WHITE = 0xFFFFFF;
  private static final int BLACK = 0x202020;
  private static final int[] DARKEST = {0x08, 0x45, 0x94};

  private final ConfusionMatrix matrix;
  private final int left;
  private final int width;
  private final int height;
  private final int[] pixels;

  private ConfusionImage(ConfusionMatrix matrix) {
    this.matrix = matrix;
    left = (NAME + 4) * PixelText.ADVANCE + MARGIN;
    width = left + matrix.predicted().size() * CELL_WIDTH + MARGIN;
    height = (matrix.expected().size() + 1) * CELL_HEIGHT + MARGIN;
    pixels = new int[width * height];
    Arrays.fill(pixels, WHITE);
  }

  /** The image; empty if there are too many names. */
  static Optional<PngImage> of(ConfusionMatrix matrix) {
    if (matrix.predicted().size() > NAMES) {
      return Optional.empty();
    }
    var image = new ConfusionImage(matrix);
    image.draw();
    return Optional.of(PngImage.of(image.width, image.height, image.pixels));
  }

  private void draw() {
    var names = matrix.predicted().size() - 2; // behind them are other names and none
    text(MARGIN, 0, "expected / predicted", BLACK);
    for (var column = 0; column < matrix.predicted().size(); column++) {
      var number = column < names ? Integer.toString(column + 1) : matrix.predicted().get(column);
      text(left + column * CELL_WIDTH, 0, number, BLACK);
    }
    for (var row = 0; row < matrix.expected().size(); row++) {
      var name = matrix.expected().get(row);
      var shown = name.length() <= NAME ? name : name.substring(0, NAME);
      text(MARGIN, row + 1, row < names ? (row + 1) + " " + shown : shown, BLACK);
      cells(row);
    }
  }

  private void cells(int row) {
    var counts = matrix.counts().get(row);
    var rows = Math.max(1, counts.stream().mapToInt(Integer::intValue).sum());
    for (var column = 0; column < counts.size(); column++) {
      var count = counts.get(column);
      var share = (double) count / rows;
      fill(left + column * CELL_WIDTH, row + 1, color(share));
      if (count > 0) {
        var color = share > 0.5 ? WHITE : BLACK;
        text(left + column * CELL_WIDTH, row + 1, Integer.toString(count), color);
      }
    }
  }

  private static int color(double share) {
    var color = 0;
    for (var darkest : DARKEST) {
      color = (color << 8) | (int) Math.round(0xF7 + (darkest - 0xF7) * share);
    }
    return color;
  }

  /** Fills a cell but for its edge. */
  private void fill(int x, int line, int color) {
    for (var y = line * CELL_HEIGHT + 1; y < (line + 1) * CELL_HEIGHT; y++) {
      Arrays.fill(pixels, y * width + x, y * width + x + CELL_WIDTH - 1, color);
    }
  }

  private void text(int x, int line, String text, int color) {
    PixelText.draw(pixels, width, x + 2, line * CELL_HEIGHT + MARGIN, text, color);
  }
}

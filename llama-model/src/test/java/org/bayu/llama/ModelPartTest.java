package org.bayu.llama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Objects;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.tensor.nn.Part;
import org.junit.jupiter.api.Test;

/** Parts of a model of 4 heads, 2 key-value heads and 48 features in the feed-forward layers. */
class ModelPartTest {
  private static final Path MODEL = Path.of("src/test/resources/golden/llama2");

  @Test
  void layersThatTheInputEntersHaveRowsAndThoseThatItLeavesHaveColumns() throws IOException {
    try (var base = HfCheckpoint.open(MODEL);
        var memory = Arena.ofConfined()) {
      var part = new ModelPart(1, 2);
      var weights = part.of(base.weights(), memory);
      var local = base.config().part(2);
      assertEquals(local, new LlamaModel(local, weights, part).config());
      for (var each : base.config().parameterShapes().entrySet()) {
        var name = each.getKey();
        var whole = base.weights().tensor(name);
        var tensor = weights.tensor(name);
        assertEquals(
            Objects.requireNonNull(local.parameterShapes().get(name)), tensor.shape(), name);
        var axis = name.matches(".*(o|down)_proj.*") ? Part.Axis.COLUMNS : Part.Axis.ROWS;
        if (name.contains("_proj")) {
          assertEquals(new Part(axis, 1, 2), part.of(name));
          var first =
              axis == Part.Axis.COLUMNS ? tensor.columns() : (long) tensor.rows() * whole.columns();
          assertEquals(whole.getFloat(first), tensor.getFloat(0), name);
        } else {
          assertTrue(part.of(name).isWhole(), name);
          assertSame(whole, tensor, name);
        }
      }
    }
  }

  @Test
  void whatCannotBeDividedIsRefusedWithWhatCan() throws IOException {
    try (var base = HfCheckpoint.open(MODEL)) {
      var e = assertThrows(IllegalArgumentException.class, () -> base.config().part(4));
      assertEquals(
          "the model's 4 heads, 2 key-value heads and intermediate_size 48 cannot be divided into 4"
              + " parts: possible are 2",
          e.getMessage());
      assertEquals(base.config(), base.config().part(1));
    }
  }
}

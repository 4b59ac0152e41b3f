package org.bayu.finetune.config;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.bayu.train.BatchSizes;
import org.bayu.train.BatchSizes.Change;

/** The key {@code trainer.train_batch_size}: a number, or a list of them with their first steps. */
final class BatchSizesKey {
  private static final String KEY = "train_batch_size";
  private static final String EXPECTED =
      "a whole number of at least 1 or a list of {start: STEP, value: EXAMPLES}";

  private BatchSizesKey() {}

  static BatchSizes read(ConfigSection keys) {
    if (keys.isSection(KEY)) {
      throw keys.expected(KEY, EXPECTED);
    }
    if (!keys.isList(KEY)) {
      return new BatchSizes(keys.whole(KEY, 512, 1));
    }
    var changes = new ArrayList<Change>();
    for (var entry : Objects.requireNonNull(keys.sections(KEY))) {
      var start = entry.whole("start", changes.isEmpty() ? 0 : changes.getLast().start() + 1);
      var value = entry.whole("value", 1);
      if (start == null || value == null) {
        throw keys.bad(KEY, "each entry needs start and value: {start: STEP, value: EXAMPLES}.");
      }
      if (changes.isEmpty() && start != 0) {
        throw keys.bad(KEY, "the first entry must begin at step 0 (start: 0), not " + start + ".");
      }
      if (start == Integer.MAX_VALUE) {
        throw keys.bad(KEY, "no run has a step " + start + ".");
      }
      changes.add(new Change(start, value));
    }
    if (changes.isEmpty()) {
      throw keys.bad(KEY, "an empty list, where " + EXPECTED + " is expected.");
    }
    return new BatchSizes(List.copyOf(changes));
  }

  /** Writes the size, or the list of changes: as the key is read. */
  static final class Text extends JsonSerializer<BatchSizes> {
    @Override
    public void serialize(BatchSizes sizes, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      var changes = sizes.changes();
      if (changes.size() == 1) {
        out.writeNumber(changes.getFirst().value());
      } else {
        out.writePOJO(changes);
      }
    }
  }
}

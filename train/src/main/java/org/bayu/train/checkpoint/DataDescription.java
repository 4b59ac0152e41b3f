package org.bayu.train.checkpoint;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bayu.train.DataOrder;
import org.bayu.train.TokenizedData;

/**
 * A run's training rows.
 *
 * @param rows that have loss
 * @param digest of their tokens, see {@link TokenizedData#digest}
 * @param order how their order is made, see {@link DataOrder#NAME}
 */
public record DataDescription(int rows, String digest, String order) {
  /** Refuses what a damaged file may lack. */
  public DataDescription {
    requireNonNull(digest);
    requireNonNull(order);
  }

  /** Describes data; reads it through once. */
  public static DataDescription of(TokenizedData data) {
    return new DataDescription(data.size(), data.digest(), DataOrder.NAME);
  }

  /** What differs now, with both values. */
  List<String> differences(DataDescription now) {
    var differences = new ArrayList<String>();
    if (rows != now.rows || !digest.equals(now.digest)) {
      RunDescription.add(differences, "data", text(), now.text());
    }
    RunDescription.add(differences, "the order of the data", order, now.order);
    return differences;
  }

  private String text() {
    return String.format(Locale.ROOT, "%d rows with the digest %.12s", rows, digest);
  }
}

package org.bayu.tensor.io;

import static org.bayu.tensor.io.Printable.quote;

import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.LongStream;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.io.SafetensorsFile.Entry;
import org.jspecify.annotations.Nullable;

/**
 * What the JSON at the beginning of a safetensors file says, checked.
 *
 * @param entries the tensors in the order of their bytes, which they cover without gap or overlap
 */
record SafetensorsHeader(Map<String, Entry> entries, Map<String, String> metadata) {
  /** The largest header in bytes that the format allows. */
  static final long MAX_BYTES = 100_000_000;

  static final String METADATA = "__metadata__";

  SafetensorsHeader {
    entries = Collections.unmodifiableMap(entries);
    metadata = Collections.unmodifiableMap(metadata);
  }

  /**
   * Parses and checks a header.
   *
   * @param dataBytes size of what follows the header in the file
   */
  static SafetensorsHeader parse(Path file, byte[] header, long dataBytes) throws IOException {
    refuseBadStart(file, header);
    var parsed =
        StrictJson.read(
            file, "the header ", header, json -> new Parser(new JsonTokens(file, json)).parse());
    return new SafetensorsHeader(checkLayout(file, parsed.entries, dataBytes), parsed.metadata);
  }

  private static void refuseBadStart(Path file, byte[] header) throws MalformedFileException {
    if (header.length == 0) {
      throw new MalformedFileException(file, "the header is empty");
    }
    if (header[0] == (byte) 0xEF) {
      throw new MalformedFileException(
          file, "the header begins with a byte order mark, not with {");
    }
    if (header[0] != '{') {
      throw new MalformedFileException(
          file,
          String.format(
              Locale.ROOT, "the header begins with byte 0x%02x, not with {", header[0] & 0xFF));
    }
  }

  /** The tensors by begin, after refusing gaps, overlaps and an end that is not the file's. */
  private static Map<String, Entry> checkLayout(Path file, List<Entry> entries, long dataBytes)
      throws MalformedFileException {
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    var byName = LinkedHashMap.<String, Entry>newLinkedHashMap(entries.size());
    var end = 0L;
    var previous = "";
    for (var entry : entries) {
      var name = quote(entry.name());
      if (entry.begin() > end) {
        throw new MalformedFileException(
            file,
            end == 0
                ? String.format(
                    Locale.ROOT,
                    "tensor %s begins at byte %d of the data, and nothing before it",
                    name,
                    entry.begin())
                : String.format(
                    Locale.ROOT,
                    "tensor %s begins at byte %d of the data, leaving a gap after %s, which ends at"
                        + " %d",
                    name,
                    entry.begin(),
                    previous,
                    end));
      }
      if (entry.begin() < end) {
        throw new MalformedFileException(
            file,
            String.format(
                Locale.ROOT,
                "tensor %s begins at byte %d of the data, overlapping %s, which ends at %d",
                name,
                entry.begin(),
                previous,
                end));
      }
      end = entry.end();
      previous = name;
      byName.put(entry.name(), entry);
    }
    if (end != dataBytes) {
      throw new MalformedFileException(
          file,
          entries.isEmpty()
              ? String.format(Locale.ROOT, "has no tensor, but %d bytes of data", dataBytes)
              : String.format(
                  Locale.ROOT,
                  "the last tensor, %s, ends at byte %d of the data, but the file has %d",
                  previous,
                  end,
                  dataBytes));
    }
    return byName;
  }

  /** The grammar: an object of tensors and, at most once, of metadata. */
  private static final class Parser {
    private final JsonTokens json;
    private final List<Entry> entries = new ArrayList<>();
    private Map<String, String> metadata = Map.of();

    Parser(JsonTokens json) {
      this.json = json;
    }

    Parser parse() throws IOException {
      json.next();
      while (json.next() != JsonToken.END_OBJECT) {
        var name = json.text();
        if (name.equals(METADATA)) {
          metadata();
        } else {
          entries.add(new TensorParser(json, name).parse());
        }
      }
      return this;
    }

    private void metadata() throws IOException {
      var token = json.next();
      if (token == JsonToken.VALUE_NULL) {
        return;
      }
      if (token != JsonToken.START_OBJECT) {
        throw json.refuse(METADATA + " is not an object");
      }
      metadata = new LinkedHashMap<>();
      while (json.next() != JsonToken.END_OBJECT) {
        var key = json.text();
        if (json.next() != JsonToken.VALUE_STRING) {
          throw json.refuse("%s of %s is not a string".formatted(quote(key), METADATA));
        }
        metadata.put(key, json.text());
      }
    }
  }

  /** One tensor: its type, its dimensions and its place, each exactly once. */
  private static final class TensorParser {
    private final JsonTokens json;
    private final String name;
    private @Nullable SafetensorsType type;
    private long @Nullable [] dims;
    private long @Nullable [] offsets;

    TensorParser(JsonTokens json, String name) {
      this.json = json;
      this.name = name;
    }

    Entry parse() throws IOException {
      if (json.next() != JsonToken.START_OBJECT) {
        throw refuse("is not an object");
      }
      while (json.next() != JsonToken.END_OBJECT) {
        switch (json.text()) {
          case "dtype" -> type = type();
          case "shape" -> dims = counts("shape");
          case "data_offsets" -> offsets = counts("data_offsets");
          default -> json.skip();
        }
      }
      return entry(
          required("dtype", type), required("shape", dims), required("data_offsets", offsets));
    }

    private SafetensorsType type() throws IOException {
      if (json.next() != JsonToken.VALUE_STRING) {
        throw refuse("has a dtype that is not a string");
      }
      var known = SafetensorsType.byName(json.text());
      if (known == null) {
        throw refuse("has the unknown dtype " + quote(json.text()));
      }
      return known;
    }

    private long[] counts(String key) throws IOException {
      if (json.next() != JsonToken.START_ARRAY) {
        throw refuse("has a %s that is not an array".formatted(key));
      }
      var counts = LongStream.builder();
      var what = "a number in %s of tensor %s".formatted(key, quote(name));
      while (json.next() != JsonToken.END_ARRAY) {
        counts.add(json.count(what));
      }
      return counts.build().toArray();
    }

    private <T> T required(String key, @Nullable T value) throws MalformedFileException {
      if (value == null) {
        throw refuse("has no " + key);
      }
      return value;
    }

    private Entry entry(SafetensorsType type, long[] dims, long[] offsets)
        throws MalformedFileException {
      if (offsets.length != 2) {
        throw refuse(String.format(Locale.ROOT, "has %d data_offsets, not 2", offsets.length));
      }
      var begin = offsets[0];
      var end = offsets[1];
      if (end < begin) {
        throw refuse(
            String.format(Locale.ROOT, "ends at byte %d, before it begins at %d", end, begin));
      }
      var shape = shape(dims);
      var bytes = bytes(type, shape);
      if (bytes != end - begin) {
        throw refuse(
            String.format(
                Locale.ROOT,
                "has %d bytes, but %s %s needs %d",
                end - begin,
                type,
                Printable.name(shape.toString()),
                bytes));
      }
      return new Entry(name, type.name(), shape, begin, end);
    }

    private Shape shape(long[] dims) throws MalformedFileException {
      try {
        return Shape.of(dims);
      } catch (ShapeException e) {
        throw refuse("has too many elements: " + Printable.name(Arrays.toString(dims)), e);
      }
    }

    private long bytes(SafetensorsType type, Shape shape) throws MalformedFileException {
      var bits = 0L;
      try {
        bits = Math.multiplyExact(shape.elements(), type.bits);
      } catch (ArithmeticException e) {
        throw refuse(
            "has too many bytes: %s %s".formatted(type, Printable.name(shape.toString())), e);
      }
      if (bits % 8 != 0) {
        throw refuse(
            "does not fill its last byte: %s %s".formatted(type, Printable.name(shape.toString())));
      }
      return bits / 8;
    }

    private MalformedFileException refuse(String reason) {
      return refuse(reason, null);
    }

    private MalformedFileException refuse(String reason, @Nullable Throwable cause) {
      return json.refuse("tensor %s %s".formatted(quote(name), reason), cause);
    }
  }
}

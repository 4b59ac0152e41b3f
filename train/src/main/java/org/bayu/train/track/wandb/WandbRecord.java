package org.bayu.train.track.wandb;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.io.ProtobufReader;
import org.bayu.tensor.io.ProtobufWriter;
import org.jspecify.annotations.Nullable;

/**
 * The records of a {@code .wandb} file that Bayu writes, and reads again: messages of wandb's
 * wandb_internal.proto.
 */
sealed interface WandbRecord {
  /** The step's metrics: an object whose values may be objects; {@code _step} is among them. */
  record History(long step, ObjectNode values) implements WandbRecord {}

  /** Values that replace those of the same names in the run's summary. */
  record Summary(ObjectNode values) implements WandbRecord {}

  /** Values that replace those of the same names in the run's configuration. */
  record Config(ObjectNode values) implements WandbRecord {}

  /** What the run is, with its configuration. */
  record Run(WandbRun run, ObjectNode config, String host, Instant start) implements WandbRecord {}

  /** The machine, as {@code wandb-metadata.json} has it. */
  record Environment(ObjectNode values) implements WandbRecord {}

  /** Paths in the run's folder {@code files}, to be sent. */
  record Files(List<String> paths) implements WandbRecord {}

  /** The end. */
  record Exit(int code) implements WandbRecord {}

  /** Something else. */
  record Other() implements WandbRecord {}

  /** Records of these numbers of fields. */
  final class Format {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int NUMBER = 1;
    private static final int HISTORY = 2;
    private static final int SUMMARY = 3;
    private static final int CONFIG = 5;
    private static final int FILES = 6;
    private static final int RUN = 17;
    private static final int EXIT = 18;
    private static final int HEADER = 21;
    private static final int ENVIRONMENT = 26;

    private static final int KEY = 1;
    private static final int NESTED_KEY = 2;
    private static final int VALUE = 16;

    private Format() {}

    /** The first record: who writes the file. */
    static byte[] header() {
      var version = new ProtobufWriter().text(1, "bayu").text(2, "0.70.0");
      return record(1, HEADER, new ProtobufWriter().message(1, version));
    }

    /** A record's bytes. */
    static byte[] write(long number, WandbRecord record) {
      return switch (record) {
        case History(var step, var values) -> {
          var message = new ProtobufWriter();
          items(message, 1, values);
          yield record(number, HISTORY, message.message(2, new ProtobufWriter().number(1, step)));
        }
        case Summary(var values) -> record(number, SUMMARY, items(new ProtobufWriter(), 1, values));
        case Config(var values) -> record(number, CONFIG, keys(values));
        case Run run -> record(number, RUN, run(run));
        case Environment(var values) -> record(number, ENVIRONMENT, environment(values));
        case Files(var paths) -> {
          var message = new ProtobufWriter();
          paths.forEach(path -> message.message(1, new ProtobufWriter().text(1, path)));
          yield record(number, FILES, message);
        }
        case Exit(var code) -> record(number, EXIT, new ProtobufWriter().number(1, code));
        case Other() -> throw new IllegalArgumentException("nothing to write");
      };
    }

    private static byte[] record(long number, int field, ProtobufWriter message) {
      return new ProtobufWriter().number(NUMBER, number).message(field, message).toBytes();
    }

    private static ProtobufWriter items(ProtobufWriter message, int field, ObjectNode values) {
      items(message, field, List.of(), values);
      return message;
    }

    /** An item for each value that is no object, with the keys on the way to it. */
    private static void items(
        ProtobufWriter message, int field, List<String> outer, ObjectNode values) {
      values.forEachEntry(
          (key, value) -> {
            var keys = new ArrayList<>(outer);
            keys.add(key);
            if (value instanceof ObjectNode inner) {
              items(message, field, keys, inner);
            } else {
              var item = new ProtobufWriter();
              keys.forEach(each -> item.text(NESTED_KEY, each));
              message.message(field, item.text(VALUE, value.toString()));
            }
          });
    }

    private static ProtobufWriter keys(ObjectNode values) {
      var message = new ProtobufWriter();
      values.forEachEntry(
          (key, value) ->
              message.message(
                  1, new ProtobufWriter().text(KEY, key).text(VALUE, value.toString())));
      return message;
    }

    private static ProtobufWriter run(Run record) {
      var run = record.run;
      var message = new ProtobufWriter().text(1, run.id());
      optional(message, 2, run.entity());
      optional(message, 3, run.project());
      message.message(4, keys(record.config));
      optional(message, 6, run.group());
      optional(message, 8, run.name());
      run.tags().forEach(tag -> message.text(10, tag));
      return message.text(13, record.host).message(17, timestamp(record.start));
    }

    private static void optional(ProtobufWriter message, int field, @Nullable String value) {
      if (value != null) {
        message.text(field, value);
      }
    }

    private static ProtobufWriter timestamp(Instant time) {
      return new ProtobufWriter().number(1, time.getEpochSecond()).number(2, time.getNano());
    }

    private static ProtobufWriter environment(ObjectNode values) {
      return new ProtobufWriter()
          .text(1, values.path("os").asText())
          .message(3, timestamp(Instant.parse(values.path("startedAt").asText())))
          .text(6, values.path("program").asText())
          .text(12, values.path("host").asText())
          .number(17, values.path("cpu_count_logical").asInt())
          .text(199, values.path("writerId").asText());
    }

    /** What a record says. */
    static WandbRecord read(byte[] bytes) throws IOException {
      try {
        var record = new ProtobufReader(bytes);
        while (record.next()) {
          switch (record.field()) {
            case HISTORY -> {
              return history(record.message());
            }
            case SUMMARY -> {
              return new Summary(values(record.message()));
            }
            case CONFIG -> {
              return new Config(values(record.message()));
            }
            case FILES -> {
              return files(record.message());
            }
            case RUN -> {
              return run(record.message());
            }
            case EXIT -> {
              var exit = record.message();
              return new Exit(exit.next() && exit.field() == 1 ? (int) exit.number() : 0);
            }
            case ENVIRONMENT -> {
              return new Environment(environment(record.message()));
            }
            default -> {}
          }
        }
        return new Other();
      } catch (IllegalArgumentException e) {
        throw new IOException("a record is damaged", e);
      }
    }

    private static History history(ProtobufReader message) throws IOException {
      var values = JSON.createObjectNode();
      var step = 0L;
      while (message.next()) {
        if (message.field() == 1) {
          addItem(values, message.message());
        } else if (message.field() == 2) {
          var inner = message.message();
          step = inner.next() && inner.field() == 1 ? inner.number() : 0;
        }
      }
      return new History(step, values);
    }

    private static ObjectNode values(ProtobufReader message) throws IOException {
      var values = JSON.createObjectNode();
      while (message.next()) {
        if (message.field() == 1) {
          addItem(values, message.message());
        }
      }
      return values;
    }

    private static void addItem(ObjectNode values, ProtobufReader item) throws IOException {
      var keys = new ArrayList<String>();
      JsonNode value = JSON.nullNode();
      while (item.next()) {
        switch (item.field()) {
          case KEY, NESTED_KEY -> keys.add(item.text());
          case VALUE -> value = JSON.readTree(item.text());
          default -> {}
        }
      }
      if (!keys.isEmpty()) {
        var inner = values;
        for (var key : keys.subList(0, keys.size() - 1)) {
          inner = inner.withObjectProperty(key);
        }
        inner.set(keys.getLast(), value);
      }
    }

    private static Files files(ProtobufReader message) {
      var paths = new ArrayList<String>();
      while (message.next()) {
        var file = message.message();
        while (file.next()) {
          if (file.field() == 1) {
            paths.add(file.text());
          }
        }
      }
      return new Files(paths);
    }

    private static Run run(ProtobufReader message) throws IOException {
      var texts = new String[14];
      var config = JSON.createObjectNode();
      var tags = new ArrayList<String>();
      var start = Instant.EPOCH;
      while (message.next()) {
        switch (message.field()) {
          case 1, 2, 3, 6, 8, 13 -> texts[message.field()] = message.text();
          case 4 -> config = values(message.message());
          case 10 -> tags.add(message.text());
          case 17 -> start = instant(message.message());
          default -> {}
        }
      }
      var id = texts[1] == null ? "" : texts[1];
      var host = texts[13] == null ? "" : texts[13];
      return new Run(
          new WandbRun(id, texts[2], texts[3], texts[8], tags, texts[6]), config, host, start);
    }

    private static Instant instant(ProtobufReader message) {
      var seconds = 0L;
      var nanos = 0L;
      while (message.next()) {
        if (message.field() == 1) {
          seconds = message.number();
        } else if (message.field() == 2) {
          nanos = message.number();
        }
      }
      return Instant.ofEpochSecond(seconds, nanos);
    }

    private static ObjectNode environment(ProtobufReader message) {
      var values = JSON.createObjectNode();
      while (message.next()) {
        switch (message.field()) {
          case 1 -> values.put("os", message.text());
          case 3 -> values.put("startedAt", instant(message.message()).toString());
          case 6 -> values.put("program", message.text());
          case 12 -> values.put("host", message.text());
          case 17 -> values.put("cpu_count_logical", message.number());
          case 199 -> values.put("writerId", message.text());
          default -> {}
        }
      }
      return values;
    }
  }
}

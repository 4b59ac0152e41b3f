package org.bayu.tensor.io;

import static org.bayu.tensor.io.Printable.quote;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.core.util.Separators.Spacing;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads and writes {@code model.safetensors.index.json}: which shard holds which tensor. */
final class ShardIndex {
  static final String FILE_NAME = "model.safetensors.index.json";

  private static final String WEIGHT_MAP = "weight_map";
  private static final int MAX_BYTES = 100_000_000;

  private final Path index;
  private final Path folder;

  private ShardIndex(Path folder) {
    this.folder = folder;
    index = folder.resolve(FILE_NAME);
  }

  /**
   * The shard of every tensor, an existing file in {@code folder}.
   *
   * @throws MalformedFileException if the index is malformed, names files outside the folder, or
   *     files that are missing
   */
  static Map<String, Path> read(Path folder) throws IOException {
    return new ShardIndex(folder).read();
  }

  private Map<String, Path> read() throws IOException {
    var files =
        StrictJson.read(
            index, WholeFile.read(index, MAX_BYTES), json -> files(new JsonTokens(index, json)));
    var shards = LinkedHashMap.<String, Path>newLinkedHashMap(files.size());
    var missing = new TreeSet<String>();
    for (var entry : files.entrySet()) {
      var shard = shard(entry.getKey(), entry.getValue());
      if (Files.exists(shard)) {
        refuseLinkOutside(entry.getKey(), shard);
      } else {
        missing.add(entry.getValue());
      }
      shards.put(entry.getKey(), shard);
    }
    if (!missing.isEmpty()) {
      throw refuse(
          "names missing files: "
              + Printable.first(missing.stream().map(Printable::name).toList(), ", "));
    }
    return shards;
  }

  private Map<String, String> files(JsonTokens json) throws IOException {
    Map<String, String> files = null;
    if (json.next() != JsonToken.START_OBJECT) {
      throw refuse("is not a JSON object");
    }
    while (json.next() != JsonToken.END_OBJECT) {
      if (json.text().equals(WEIGHT_MAP)) {
        files = weightMap(json);
      } else {
        json.skip();
      }
    }
    if (files == null) {
      throw refuse("has no " + WEIGHT_MAP);
    }
    return files;
  }

  private Map<String, String> weightMap(JsonTokens json) throws IOException {
    if (json.next() != JsonToken.START_OBJECT) {
      throw refuse(WEIGHT_MAP + " is not an object");
    }
    var files = new LinkedHashMap<String, String>();
    while (json.next() != JsonToken.END_OBJECT) {
      var tensor = json.text();
      if (json.next() != JsonToken.VALUE_STRING) {
        throw refuse("the file of tensor %s is not a string".formatted(quote(tensor)));
      }
      files.put(tensor, json.text());
    }
    return files;
  }

  private Path shard(String tensor, String file) throws MalformedFileException {
    Path relative;
    try {
      relative = folder.getFileSystem().getPath(file);
    } catch (InvalidPathException e) {
      throw refuse(outside(tensor, file, "which is no file name"), e);
    }
    if (relative.isAbsolute() || relative.getRoot() != null) {
      throw refuse(outside(tensor, file, "an absolute path"));
    }
    for (var part : relative) {
      if (part.toString().equals("..")) {
        throw refuse(outside(tensor, file, "which leads out of the folder"));
      }
    }
    return folder.resolve(relative).normalize();
  }

  /**
   * Refuses a linked folder through which a name leads out of this one. The file itself may be a
   * link to anywhere, as those of the Hugging Face hub's cache are.
   */
  private void refuseLinkOutside(String tensor, Path shard) throws IOException {
    var parent = Objects.requireNonNull(shard.getParent());
    if (!parent.toRealPath().startsWith(folder.toRealPath())) {
      throw refuse(
          outside(
              tensor,
              folder.relativize(shard).toString(),
              "behind a link that leads out of the folder"));
    }
  }

  private static String outside(String tensor, String file, String reason) {
    return "tensor %s is said to be in %s, %s".formatted(quote(tensor), quote(file), reason);
  }

  private MalformedFileException refuse(String reason) {
    return refuse(reason, null);
  }

  private MalformedFileException refuse(String reason, @Nullable Throwable cause) {
    return new MalformedFileException(index, reason, cause);
  }

  /**
   * Writes an index.
   *
   * @param files the shard's file name of every tensor, in the order to be written
   * @param totalBytes sum of the sizes of all tensors
   */
  static void write(Path folder, Map<String, String> files, long totalBytes) throws IOException {
    var json = new ByteArrayOutputStream();
    try (var out = new JsonFactory().createGenerator(json)) {
      out.setPrettyPrinter(
          new DefaultPrettyPrinter()
              .withObjectIndenter(new DefaultIndenter("  ", "\n"))
              .withSeparators(
                  Separators.createDefaultInstance().withObjectFieldValueSpacing(Spacing.AFTER)));
      out.writeStartObject();
      out.writeObjectFieldStart("metadata");
      out.writeNumberField("total_size", totalBytes);
      out.writeEndObject();
      out.writeObjectFieldStart(WEIGHT_MAP);
      for (var entry : files.entrySet()) {
        out.writeStringField(entry.getKey(), entry.getValue());
      }
      out.writeEndObject();
      out.writeEndObject();
      out.writeRaw('\n');
    }
    try (var staged = StagedPath.file(folder.resolve(FILE_NAME))) {
      Files.write(staged.path(), json.toByteArray());
      staged.publish();
    }
  }
}

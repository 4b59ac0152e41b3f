package org.bayu.finetune.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import org.bayu.finetune.Messages;
import org.bayu.finetune.error.Failure;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/**
 * A file of which a fuzzer makes the content, in a folder with what its parser wants beside it.
 * However the content is, the parser reads it or ends in a sentence for the user. An error such as
 * {@link StackOverflowError} or {@link OutOfMemoryError} is a fault of the parser's.
 */
final class FuzzedFile {
  /** Those of {@link #temporaryFolder}. */
  private static final Pattern FOLDER =
      Pattern.compile(Pattern.quote(System.getProperty("java.io.tmpdir")) + "/fuzz\\d+");

  private final Path file;
  private final Parser parser;
  private final List<byte[]> seeds = new ArrayList<>();

  /** What is tested. */
  @FunctionalInterface
  interface Parser {
    /**
     * Reads the file and uses what it holds.
     *
     * @return what would be printed for the user beside the result
     */
    List<String> read(Path file) throws IOException;
  }

  /** A file of this name in a new folder below {@code java.io.tmpdir}. */
  FuzzedFile(String name, Parser parser) {
    file = temporaryFolder().resolve(name);
    this.parser = parser;
  }

  /** A new folder below {@code java.io.tmpdir}, which is removed when Java ends. */
  static Path temporaryFolder() {
    try {
      var folder = Files.createTempDirectory("fuzz");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(folder)));
      return folder;
    } catch (IOException e) {
      throw new IllegalStateException("no place for a file", e);
    }
  }

  private static void remove(Path folder) {
    try (var paths = Files.walk(folder)) {
      for (var path : (Iterable<Path>) paths.sorted(Comparator.reverseOrder())::iterator) {
        Files.delete(path);
      }
    } catch (IOException e) {
      System.err.println("cannot remove " + folder + ": " + e);
    }
  }

  /** Copies a file to beside this one. */
  FuzzedFile beside(Path companion) {
    var copy = file.resolveSibling(String.valueOf(companion.getFileName()));
    try {
      Files.copy(companion, copy);
    } catch (IOException e) {
      throw new IllegalStateException("cannot copy " + companion, e);
    }
    return this;
  }

  /** Adds valid files, with which the fuzzer begins. */
  FuzzedFile seeds(Path... files) {
    for (var seed : files) {
      try {
        seeds.add(Files.readAllBytes(seed));
      } catch (IOException e) {
        throw new IllegalStateException("cannot read " + seed, e);
      }
    }
    return this;
  }

  /** As {@link #seeds(Path...)}, a file's content. */
  FuzzedFile seed(byte[] content) {
    seeds.add(content);
    return this;
  }

  /** The contents of valid files. */
  List<byte[]> seeds() {
    return List.copyOf(seeds);
  }

  /** Reads a valid content. */
  void readSeed(byte[] content) throws IOException {
    check(content, parser.read(write(content)), null);
  }

  /** Reads the valid contents: it takes time to load the parser's classes. */
  void warmUp() {
    seeds.forEach(this::read);
  }

  /**
   * Reads any content, or a valid one edited as {@link JsonEdits} says.
   *
   * @throws AssertionError if that ended in another way than with a result or a sentence
   */
  void read(byte[] input) {
    var content = JsonEdits.isScript(input) ? JsonEdits.edit(input, seeds) : input;
    var written = write(content);
    try {
      check(content, parser.read(written), null);
    } catch (FileSystemException e) { // it names a file that the content names: a path, whole
      var path = Printable.escape(String.valueOf(e.getFile()));
      check(content, List.of(Failure.of(e).message().replace(path, "-")), e);
    } catch (IOException | RuntimeException e) {
      check(content, List.of(Failure.of(e).message()), e);
    }
  }

  private Path write(byte[] content) {
    try {
      return Files.write(file, content);
    } catch (IOException e) {
      throw new IllegalStateException("cannot write " + file, e);
    }
  }

  private void check(byte[] content, List<String> messages, @Nullable Exception cause) {
    for (var message : messages) {
      var shown = FOLDER.matcher(message).replaceAll("-");
      var foreign = Messages.foreign(shown);
      while (foreign != null && new String(content, ISO_8859_1).contains(foreign)) {
        shown = shown.replace(foreign, "-"); // the word is the file's own
        foreign = Messages.foreign(shown);
      }
      var problem = Messages.problem(shown);
      if (problem != null) {
        throw new AssertionError(problem + ": " + message, cause);
      }
    }
  }
}

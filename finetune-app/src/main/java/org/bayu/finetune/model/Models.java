package org.bayu.finetune.model;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.terminal.Progress;
import org.bayu.remote.files.DownloadWatcher;
import org.bayu.remote.files.Found;
import org.bayu.remote.files.LocalFiles;
import org.bayu.remote.files.NotFoundException;
import org.bayu.train.data.RowFile;
import org.jspecify.annotations.Nullable;

/**
 * What a command's texts name, as local files: {@link LocalFiles} with a bar, and with the key or
 * option that names them in the {@link UserException} where there are none.
 */
public final class Models implements AutoCloseable {
  private final LocalFiles files;
  private final List<Path> joined = new ArrayList<>();

  /**
   * Models for a command.
   *
   * @param environment the process's variables
   * @param messages takes a line before much is fetched
   * @param err is shown how far that is
   */
  public Models(Map<String, String> environment, Consumer<String> messages, PrintWriter err) {
    var home = Path.of(System.getProperty("user.home", ""));
    files =
        new LocalFiles(environment, home, messages, (bytes, before) -> new Bar(bytes, before, err));
  }

  /** The same where both go to one place. */
  public Models(Map<String, String> environment, PrintWriter err) {
    this(environment, err::println, err);
  }

  private record Bar(Progress progress) implements DownloadWatcher.Shown {
    Bar(long bytes, long before, PrintWriter err) {
      this(Progress.ofBytes("fetch", bytes, err));
      progress.doneBefore(before);
    }

    @Override
    public void accept(long bytes) {
      progress.advance(bytes);
    }

    @Override
    public void close() {
      progress.close();
    }
  }

  /** The files themselves. */
  public LocalFiles files() {
    return files;
  }

  /** Brings what is written to where it belongs. */
  public Outputs outputs() {
    return new Outputs(files.buckets());
  }

  /** All files of a model. */
  public Found model(String key, String text) throws IOException {
    return model(key, text, null);
  }

  /** The same at a commit of the Hub's repository; null for that of the name. */
  public Found model(String key, String text, @Nullable String commit) throws IOException {
    return named(key, text, () -> files.model(text, commit));
  }

  /** All files of an adapter; null for none. */
  public @Nullable Found adapter(String key, @Nullable String text) throws IOException {
    return text == null ? null : named(key, text, () -> files.adapter(text));
  }

  /** Configuration and tokenizer of a model or an adapter. */
  public Found settings(String key, String text) throws IOException {
    return named(key, text, () -> files.settings(text));
  }

  /** A model's folder to plan with, as {@link LocalFiles#outline} makes it. */
  public Found outline(String key, String text, @Nullable String commit) throws IOException {
    return named(key, text, () -> files.outline(text, commit));
  }

  /**
   * The file with the rows that a user named. If a split has several files, theirs are in one,
   * which lives as long as this object.
   *
   * @param named a file, which need not exist, or the name of a data set on the Hub
   * @param split of a data set on the Hub, such as {@code train}
   */
  public Path rows(Path named, String split) throws IOException {
    var text = files.text(named);
    var rows = named("data", text, () -> files.rows(text, split));
    if (rows.size() == 1) {
      return rows.getFirst();
    }
    var file = Files.createTempFile("bayu-rows", ".jsonl");
    joined.add(file);
    RowFile.join(rows, file);
    return file;
  }

  /**
   * The same for the option {@code --split}, which is refused beside a file.
   *
   * @param split null if it is not given
   * @param absent what it is then
   */
  public Path rows(Path named, @Nullable String split, String absent) throws IOException {
    if (split != null && !files.isDataset(files.text(named))) {
      throw UserException.usage(
          "--split is for a data set on the Hub, and " + named + " is a file.");
    }
    return rows(named, split == null ? absent : split);
  }

  /** Finds what a text names. */
  @FunctionalInterface
  private interface Search<T> {
    T find() throws IOException;
  }

  private <T> T named(String key, String text, Search<T> search) throws IOException {
    try {
      files.path(text);
    } catch (IllegalArgumentException e) {
      throw UserException.usage("%s: %s.".formatted(key, e.getMessage()));
    }
    try {
      return search.find();
    } catch (NotFoundException e) {
      var prefix = e.getCause() == null ? key + ": " : "";
      throw new UserException(ExitCode.INPUT_FILE, prefix + e.getMessage(), e);
    }
  }

  /** Removes what was made for the commands' time only. */
  @Override
  public void close() throws IOException {
    files.close();
    for (var file : joined) {
      Files.deleteIfExists(file);
    }
    joined.clear();
  }
}

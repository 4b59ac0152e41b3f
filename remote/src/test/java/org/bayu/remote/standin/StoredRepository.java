package org.bayu.remote.standin;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A repository of the stand-in: commits, and branches that name them. */
public final class StoredRepository {
  private final Map<String, Map<String, StoredFile>> commits = new LinkedHashMap<>();
  private final Map<String, String> branches = new TreeMap<>();
  private final Map<String, StoredFile> next = new TreeMap<>();
  private final List<String> messages = new ArrayList<>();
  private boolean gated;
  private boolean isPrivate;

  /** Adds a file in Git to the next commit. */
  public StoredRepository file(String path, String text) {
    return add(path, new StoredFile(text.getBytes(UTF_8), false));
  }

  /** Adds a file in LFS storage to the next commit. */
  public StoredRepository lfs(String path, byte[] bytes) {
    return add(path, new StoredFile(bytes, true));
  }

  /** Adds a file to the next commit. */
  public StoredRepository add(String path, StoredFile file) {
    next.put(path, file);
    return this;
  }

  /** Makes a commit of all files so far and lets {@code main} be it. */
  public String commit() {
    return commit("main", "a commit");
  }

  /** The same for a branch or tag. */
  public synchronized String commit(String branch, String message) {
    var listing = new StringBuilder(commits.size() + message);
    next.forEach((path, file) -> listing.append(path).append(file.blobId()));
    var sha = StoredFile.hex("SHA-1", listing.toString().getBytes(UTF_8));
    commits.put(sha, new TreeMap<>(next));
    branches.put(branch, sha);
    messages.add(message);
    return sha;
  }

  /** Lets only those in who accepted its terms. */
  public StoredRepository gate() {
    gated = true;
    return this;
  }

  /** Hides it from those without a token. */
  public StoredRepository hide() {
    isPrivate = true;
    return this;
  }

  boolean isGated() {
    return gated;
  }

  boolean isPrivate() {
    return isPrivate;
  }

  /** The messages of the commits. */
  public List<String> messages() {
    return List.copyOf(messages);
  }

  /** The commit of a branch, tag or commit. */
  public Optional<String> resolve(String revision) {
    return commits.containsKey(revision)
        ? Optional.of(revision)
        : Optional.ofNullable(branches.get(revision));
  }

  /** The files of a commit. */
  public Map<String, StoredFile> files(String commit) {
    return Objects.requireNonNull(commits.get(commit));
  }

  /** The files of the newest commit of {@code main}. */
  public Map<String, StoredFile> files() {
    return files(resolve("main").orElseThrow());
  }

  /** A file of the newest commit of {@code main}. */
  public StoredFile newest(String path) {
    return Objects.requireNonNull(files().get(path), path);
  }

  /** Every file of every commit. */
  Stream<StoredFile> everyFile() {
    return commits.values().stream().flatMap(files -> files.values().stream());
  }
}

package org.bayu.train.checkpoint;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.bayu.tensor.io.RemoteFiles;

/** Remembers what is published, by names, and fails when told to. */
final class FakeRemote implements RemoteFiles {
  final TreeSet<Path> published = new TreeSet<>();
  private final Path folder;
  private boolean fails;

  /** Stands for everything in a folder. */
  FakeRemote(Path folder) {
    this.folder = folder;
  }

  void fails(boolean now) {
    fails = now;
  }

  List<String> names() {
    return published.stream().map(path -> path.getFileName().toString()).toList();
  }

  private void attempt() throws IOException {
    if (fails) {
      throw new IOException("there: cannot be written (the network is down)");
    }
  }

  @Override
  public boolean isRemote(Path path) {
    return path.startsWith(folder);
  }

  @Override
  public boolean exists(Path path) {
    return published.contains(path);
  }

  @Override
  public void fetch(Path path) {}

  @Override
  public List<Path> list(Path parent) {
    return new ArrayList<>(published);
  }

  @Override
  public void publish(Path path) throws IOException {
    if (isRemote(path)) {
      attempt();
      published.add(path);
    }
  }

  @Override
  public void delete(Path path) throws IOException {
    attempt();
    published.remove(path);
  }
}

package org.bayu.tensor.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Local files that stand for others elsewhere, such as in a bucket. Programs read and write the
 * local ones; {@link #fetch} and {@link #publish} bring both to the same state. For a path that
 * stands for nothing else, every method does nothing.
 */
public interface RemoteFiles {
  /** No path stands for anything else. */
  RemoteFiles NONE =
      new RemoteFiles() {
        @Override
        public boolean isRemote(Path path) {
          return false;
        }

        @Override
        public boolean exists(Path path) {
          return false;
        }

        @Override
        public void fetch(Path path) {}

        @Override
        public List<Path> list(Path folder) {
          return List.of();
        }

        @Override
        public void publish(Path path) {}

        @Override
        public void delete(Path path) {}
      };

  /** Whether a local path stands for a file or a folder elsewhere. */
  boolean isRemote(Path path);

  /**
   * Whether the file, or a folder of that name with anything in it, is there elsewhere.
   *
   * @throws IOException if that cannot be asked
   */
  boolean exists(Path path) throws IOException;

  /**
   * Brings a file or a folder here, unless it is here and has not changed elsewhere since. Where
   * there is none elsewhere, what is here stays, unless it came from there.
   *
   * @throws IOException if it cannot be read, or there is no room for it
   */
  void fetch(Path path) throws IOException;

  /**
   * What a folder has elsewhere, as local paths, which need not be here.
   *
   * @throws IOException if it cannot be read
   */
  List<Path> list(Path folder) throws IOException;

  /**
   * Brings a local file or folder there. A folder counts as there when all of it is; what else was
   * there under its name is deleted.
   *
   * @throws IOException if it cannot be written; what is here stays
   */
  void publish(Path path) throws IOException;

  /**
   * Deletes what is elsewhere. What is here stays.
   *
   * @throws IOException if it cannot be deleted
   */
  void delete(Path path) throws IOException;
}

package org.bayu.remote.bucket;

import java.nio.file.spi.FileSystemProvider;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.StreamSupport;
import org.bayu.tensor.io.JarsBeside;

/**
 * The file systems of buckets: those on the class path, and those in jars beside Bayu's own, which
 * are opened by the first address.
 */
final class Providers {
  private static final ClassLoader OWN = Providers.class.getClassLoader();
  private static final ClassLoader LOADER =
      JarsBeside.loader(Providers.class, "bayu-gs.jar", "bayu-s3.jar");
  private static final List<FileSystemProvider> BESIDE = beside();

  private Providers() {}

  private static List<FileSystemProvider> beside() {
    try (var _ = use()) {
      var found = ServiceLoader.load(FileSystemProvider.class, LOADER);
      return LOADER.equals(OWN)
          ? List.of()
          : StreamSupport.stream(found.spliterator(), false).toList();
    }
  }

  /** The provider of a scheme. */
  static Optional<FileSystemProvider> find(String scheme) {
    for (var providers : List.of(FileSystemProvider.installedProviders(), BESIDE)) {
      for (var provider : providers) {
        if (provider.getScheme().equals(scheme)) {
          return Optional.of(provider);
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Lets the providers' libraries find their own services, which they look for by the thread's
   * loader, until it is closed.
   */
  static Use use() {
    var thread = Thread.currentThread();
    var before = thread.getContextClassLoader();
    if (!LOADER.equals(OWN)) {
      thread.setContextClassLoader(LOADER);
    }
    return () -> thread.setContextClassLoader(before);
  }

  /** Ends as the thread began. */
  interface Use extends AutoCloseable {
    @Override
    void close();
  }
}

package org.bayu.remote.standin;

import java.util.Objects;

/** google-cloud-nio's own service in memory behind {@code gs://}, for the whole process. */
public final class InMemoryGs {
  private static final String PACKAGE = "com.google.cloud.storage.contrib.nio.";

  private InMemoryGs() {}

  /**
   * Takes the service's place, and empties the one in memory. To be called before the first use of
   * {@code gs://}. By reflection: the provider is on the class path alone.
   */
  public static void install() {
    try {
      var options =
          Class.forName(PACKAGE + "testing.LocalStorageHelper")
              .getMethod("getOptions")
              .invoke(null);
      Class.forName(PACKAGE + "CloudStorageFileSystemProvider")
          .getMethod("setStorageOptions", Class.forName("com.google.cloud.storage.StorageOptions"))
          .invoke(null, Objects.requireNonNull(options));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}

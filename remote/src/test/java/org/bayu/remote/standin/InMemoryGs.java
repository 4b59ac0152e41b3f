package org.bayu.remote.standin;

import java.util.Objects;

/** google-cloud-nio's own service in memory behind {@code gs://}, for the whole process. */
public final class InMemoryGs {
  private static final String PACKAGE = "com.google.cloud.storage.contrib.nio.";

  /** Kept, for who keeps none sets its level in vain. */
  private static final Object LOGGER =
      call(
          "java.util.logging.Logger",
          "getLogger",
          "com.google.api.client.googleapis.services.AbstractGoogleClient");

  private InMemoryGs() {}

  /**
   * Takes the service's place, and empties the one in memory. To be called before the first use of
   * {@code gs://}. By reflection: the provider is on the class path alone.
   */
  public static void install() {
    try {
      var level = Class.forName("java.util.logging.Level");
      LOGGER
          .getClass()
          .getMethod("setLevel", level)
          .invoke(LOGGER, level.getField("OFF").get(null));
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

  private static Object call(String type, String method, String argument) {
    try {
      return Objects.requireNonNull(
          Class.forName(type).getMethod(method, String.class).invoke(null, argument));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}

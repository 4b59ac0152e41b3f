package org.bayu.remote.standin;

import java.nio.file.spi.FileSystemProvider;
import java.util.Objects;

/** google-cloud-nio's own service in memory behind {@code gs://}, for the whole process. */
public final class InMemoryGs {
  /** Kept, for who keeps none sets its level in vain. */
  private static final Object LOGGER =
      call(
          "java.util.logging.Logger",
          "getLogger",
          "com.google.api.client.googleapis.services.AbstractGoogleClient");

  private InMemoryGs() {}

  /**
   * Takes the service's place, and empties the one in memory. By reflection: the provider is on the
   * class path alone, and may have been made before.
   */
  public static void install() {
    try {
      var level = Class.forName("java.util.logging.Level");
      LOGGER
          .getClass()
          .getMethod("setLevel", level)
          .invoke(LOGGER, level.getField("OFF").get(null));
      var options =
          Class.forName("com.google.cloud.storage.contrib.nio.testing.LocalStorageHelper")
              .getMethod("getOptions")
              .invoke(null);
      var service = Objects.requireNonNull(options).getClass().getMethod("getService");
      service.setAccessible(true);
      var provider =
          FileSystemProvider.installedProviders().stream()
              .filter(each -> each.getScheme().equals("gs"))
              .findFirst()
              .orElseThrow();
      var storage = provider.getClass().getDeclaredField("storage");
      storage.setAccessible(true);
      storage.set(provider, service.invoke(options));
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

package org.bayu.remote.standin;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.spi.FileSystemProvider;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

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
      storage().set(provider(), service.invoke(options));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static FileSystemProvider provider() {
    return FileSystemProvider.installedProviders().stream()
        .filter(each -> each.getScheme().equals("gs"))
        .findFirst()
        .orElseThrow();
  }

  private static Field storage() throws ReflectiveOperationException {
    var storage = provider().getClass().getDeclaredField("storage");
    storage.setAccessible(true);
    return storage;
  }

  /**
   * Lets the connection break once, when that many bytes of objects have been read.
   *
   * @return counts the bytes until then
   */
  public static AtomicLong breakAfter(long bytes) {
    var read = new AtomicLong();
    try {
      var storage = storage();
      var service = Objects.requireNonNull(storage.get(provider()));
      storage.set(
          provider(),
          around(
              "com.google.cloud.storage.Storage",
              service,
              (method, result) ->
                  method.equals("reader")
                      ? around(
                          "com.google.cloud.ReadChannel",
                          Objects.requireNonNull(result),
                          (_, n) -> count(n, bytes, read, service))
                      : result));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
    return read;
  }

  private static @Nullable Object count(
      @Nullable Object result, long bytes, AtomicLong read, Object service)
      throws IOException, ReflectiveOperationException {
    if (result instanceof Integer n && n > 0 && read.addAndGet(n) >= bytes) {
      storage().set(provider(), service);
      throw new IOException("Connection reset");
    }
    return result;
  }

  /** What comes of a call. */
  @FunctionalInterface
  private interface Result {
    @Nullable Object of(String method, @Nullable Object result) throws Exception;
  }

  /** An object whose methods do what another's do, but for what comes of them. */
  private static Object around(String type, Object inner, Result result)
      throws ClassNotFoundException {
    var face = Class.forName(type);
    return Proxy.newProxyInstance(
        face.getClassLoader(),
        new Class<?>[] {face},
        (_, method, arguments) -> {
          try {
            return result.of(method.getName(), method.invoke(inner, arguments));
          } catch (InvocationTargetException e) {
            throw Objects.requireNonNull(e.getCause());
          }
        });
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

package org.bayu.finetune.launcher;

import java.lang.reflect.Proxy;
import java.util.function.IntConsumer;

/**
 * Takes each SIGINT and SIGTERM of this process. A shutdown hook would see the first alone, and the
 * second is for the application to end at once. By reflection, because the JDK has signals only in
 * {@code sun.misc}; without it the hook remains.
 */
final class ForwardedSignals {
  private ForwardedSignals() {}

  /**
   * Forwards them from now on, where that is possible.
   *
   * @param receiver of 128 and the signal's number, the exit code of a process that it ended
   */
  static void to(IntConsumer receiver) {
    forward("INT", 130, receiver);
    forward("TERM", 143, receiver);
  }

  private static void forward(String name, int exitCode, IntConsumer receiver) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              Launcher.class.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, arguments) -> {
                if (method.getName().equals("handle")) {
                  receiver.accept(exitCode);
                }
                return null;
              });
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
    } catch (ReflectiveOperationException | LinkageError e) {
      return; // another JVM, or one that leaves signals to the system
    }
  }
}

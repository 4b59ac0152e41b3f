package org.bayu.finetune.terminal;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.Objects;
import java.util.Optional;

/**
 * The handling of one signal. The JDK has it only in {@code sun.misc}, which another JVM need not
 * have and whose use {@code javac} warns of: by reflection.
 */
final class SignalHandling {
  private static final String TYPE = "sun.misc.Signal";
  private static final String HANDLER_TYPE = "sun.misc.SignalHandler";

  private final Object signal;
  private final Object before;

  private SignalHandling(Object signal, Object before) {
    this.signal = signal;
    this.before = before;
  }

  /** A signal that asks a process to end. */
  enum Kind {
    INT(2),
    TERM(15);

    private final int number;

    Kind(int number) {
      this.number = number;
    }

    /** What a process ends with that the signal ended. */
    int exitCode() {
      return 128 + number;
    }
  }

  /** Calls {@code handler} for each such signal from now on; empty if that is not possible. */
  static Optional<SignalHandling> begin(Kind kind, Runnable handler) {
    try {
      var type = Class.forName(HANDLER_TYPE);
      var proxy =
          Proxy.newProxyInstance(
              type.getClassLoader(), new Class<?>[] {type}, invocations(handler));
      var signal = signal(kind);
      return Optional.of(new SignalHandling(signal, handle(signal, proxy)));
    } catch (ReflectiveOperationException | LinkageError e) {
      return Optional.empty(); // no such class, or the signal is the operating system's
    }
  }

  /** Whether this process was sent the signal. */
  static boolean raise(Kind kind) {
    try {
      var type = Class.forName(TYPE);
      type.getMethod("raise", type).invoke(null, signal(kind));
      return true;
    } catch (ReflectiveOperationException | LinkageError e) {
      return false;
    }
  }

  /** Handles the signal as before. */
  void end() {
    try {
      handle(signal, before);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("what was handled can be handled as before", e);
    }
  }

  private static Object signal(Kind kind) throws ReflectiveOperationException {
    return Class.forName(TYPE).getConstructor(String.class).newInstance(kind.name());
  }

  /** Returns the handler before. */
  private static Object handle(Object signal, Object handler) throws ReflectiveOperationException {
    var handle =
        signal.getClass().getMethod("handle", signal.getClass(), Class.forName(HANDLER_TYPE));
    return Objects.requireNonNull(handle.invoke(null, signal, handler));
  }

  private static InvocationHandler invocations(Runnable handler) {
    return (_, method, _) -> {
      if (method.getName().equals("handle")) { // nobody calls those of Object
        handler.run();
      }
      return null;
    };
  }
}

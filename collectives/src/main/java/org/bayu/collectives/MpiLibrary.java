package org.bayu.collectives;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/** Finds and loads the MPI library that belongs to the launcher. */
@SuppressWarnings("restricted") // calling the system is what this class is for
final class MpiLibrary {
  private static final int RTLD_NOW = 2;
  private static final int RTLD_GLOBAL = 0x100;
  private static final Linker LINKER = Linker.nativeLinker();

  private MpiLibrary() {}

  /** Requires the system whose functions and numbers these are. */
  static void requireLinux() {
    if (!System.getProperty("os.name").equals("Linux")) {
      throw new CommunicatorException(
          "Several processes are possible on Linux only. Start one process without a launcher.");
    }
  }

  /**
   * Loads the first library that is there.
   *
   * @throws CommunicatorException if there is none
   */
  static SymbolLookup load(Launcher launcher) throws Throwable {
    // UCX would take SIGSEGV, by which the JVM finds null pointers, already when it is loaded.
    set("UCX_ERROR_SIGNALS", "");
    var faults = new ArrayList<String>();
    for (var name : launcher.libraries()) {
      var fault = open(name);
      if (fault == null) {
        return SymbolLookup.libraryLookup(name, Arena.global());
      }
      faults.add(CText.line(fault));
    }
    throw new CommunicatorException(
        "%s, but no MPI library can be loaded (%s). Install the launcher's, or set %s to its file."
            .formatted(launcher.place(), String.join("; ", faults), Launcher.LIBRARY));
  }

  /**
   * Opens a library for all that are loaded later: Open MPI's plug-ins may look for its functions
   * there. Returns the system's reason where that is not possible.
   */
  private static @Nullable String open(String name) throws Throwable {
    var dlopen =
        LINKER.downcallHandle(symbol("dlopen"), FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT));
    var dlerror = LINKER.downcallHandle(symbol("dlerror"), FunctionDescriptor.of(ADDRESS));
    try (var arena = Arena.ofConfined()) {
      var library =
          (MemorySegment) dlopen.invokeExact(arena.allocateFrom(name), RTLD_NOW | RTLD_GLOBAL);
      if (library.address() != 0) {
        return null;
      }
      var error = (MemorySegment) dlerror.invokeExact();
      return error.address() == 0 ? name : error.reinterpret(Long.MAX_VALUE).getString(0);
    }
  }

  private static void set(String name, String value) throws Throwable {
    var setenv =
        LINKER.downcallHandle(
            symbol("setenv"), FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    try (var arena = Arena.ofConfined()) {
      var result = (int) setenv.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 1);
      if (result != 0) {
        throw new CommunicatorException("The system does not let " + name + " be set.");
      }
    }
  }

  private static MemorySegment symbol(String name) {
    return LINKER.defaultLookup().findOrThrow(name);
  }
}

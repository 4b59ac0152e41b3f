package org.bayu.collectives;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;

/**
 * The numbers by which a library knows MPI's constants. They are in no symbol but Open MPI's, so
 * they are copied from the headers.
 *
 * <p>{@link Family#STANDARD} is that of MPI 5.0, and has not been tested with a library yet.
 *
 * @param handle the type of handles: a number or a pointer
 * @param errorsReturn the error handler that lets functions return
 * @param inPlace the address that says that a buffer is both input and output
 * @param serialized the level of threads at which any thread may call, one at a time
 */
record MpiAbi(
    Family family,
    ValueLayout handle,
    long world,
    long floats,
    long bytes,
    long sum,
    long errorsReturn,
    long inPlace,
    int serialized) {

  /** Libraries with the same constants. */
  enum Family {
    OPEN_MPI("Open MPI"),
    MPICH("MPICH"),
    STANDARD("MPI 5.0's standard interface");

    private final String text;

    Family(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /**
   * The ABI of a library.
   *
   * @throws CommunicatorException if it is none of these
   */
  @SuppressWarnings("restricted") // calling the library is what this module is for
  static MpiAbi of(SymbolLookup symbols) throws Throwable {
    var linker = Linker.nativeLinker();
    var type = FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS);
    try (var arena = Arena.ofConfined()) {
      var length = arena.allocate(JAVA_INT);
      var version = symbols.find("MPI_Abi_get_version");
      if (version.isPresent()) {
        var major = arena.allocate(JAVA_INT);
        var _ = (int) linker.downcallHandle(version.get(), type).invokeExact(major, length);
        if (major.get(JAVA_INT, 0) >= 1) { // -1 where the library has another ABI
          return new MpiAbi(Family.STANDARD, JAVA_LONG, 0x101, 0x210, 0x247, 0x21, 0x143, 1, 2048);
        }
      }
      if (symbols.find("ompi_mpi_comm_world").isPresent()) {
        return new MpiAbi(
            Family.OPEN_MPI,
            JAVA_LONG,
            address(symbols, "ompi_mpi_comm_world"),
            address(symbols, "ompi_mpi_float"),
            address(symbols, "ompi_mpi_byte"),
            address(symbols, "ompi_mpi_op_sum"),
            address(symbols, "ompi_mpi_errors_return"),
            1,
            2);
      }
      var text = version(symbols);
      if (text.contains("MPICH") || text.contains("Intel") || text.contains("MVAPICH")) {
        return new MpiAbi(
            Family.MPICH,
            JAVA_INT,
            0x44000000,
            0x4c00040a,
            0x4c00010d,
            0x58000003,
            0x54000001,
            -1,
            2);
      }
      throw new CommunicatorException(
          "The MPI library says it is "
              + text
              + ", which Bayu does not know. Use Open MPI or one of the MPICH family.");
    }
  }

  private static long address(SymbolLookup symbols, String name) {
    return symbols.findOrThrow(name).address();
  }

  /** What the library says of itself, one line of it. */
  @SuppressWarnings("restricted")
  static String version(SymbolLookup symbols) throws Throwable {
    var type = FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS);
    var function =
        Linker.nativeLinker().downcallHandle(symbols.findOrThrow("MPI_Get_library_version"), type);
    try (var arena = Arena.ofConfined()) {
      var text = arena.allocate(8192); // MPI_MAX_LIBRARY_VERSION_STRING is 256 and 8192
      var _ = (int) function.invokeExact(text, arena.allocate(JAVA_INT));
      return CText.line(text).split(",", 2)[0]; // of Open MPI, who packaged it and when follows
    }
  }
}

package org.bayu.collectives;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;

/**
 * The functions of an MPI library. Handles are {@code long} here, whatever they are in the library.
 * Each method throws {@link CommunicatorException} where its function fails.
 */
@SuppressWarnings("restricted") // calling the library is what this class is for
final class Mpi {
  private static final int ERROR_BYTES = 1024; // MPI_MAX_ERROR_STRING is 256, 512 or 1024

  private final SymbolLookup symbols;
  private final MpiAbi abi;
  private final ValueLayout handle;
  private final MethodHandle abort;
  private final MethodHandle allgather;
  private final MethodHandle allgatherv;
  private final MethodHandle allreduce;
  private final MethodHandle alltoall;
  private final MethodHandle alltoallv;
  private final MethodHandle barrier;
  private final MethodHandle bcast;
  private final MethodHandle reduceScatterBlock;

  Mpi(SymbolLookup symbols, MpiAbi abi) {
    this.symbols = symbols;
    this.abi = abi;
    handle = abi.handle().withName("handle");
    abort = link("MPI_Abort", handle, JAVA_INT);
    allgather = link("MPI_Allgather", ADDRESS, JAVA_INT, handle, ADDRESS, JAVA_INT, handle, handle);
    allgatherv =
        link(
            "MPI_Allgatherv", ADDRESS, JAVA_INT, handle, ADDRESS, ADDRESS, ADDRESS, handle, handle);
    allreduce = link("MPI_Allreduce", ADDRESS, ADDRESS, JAVA_INT, handle, handle, handle);
    alltoall = link("MPI_Alltoall", ADDRESS, JAVA_INT, handle, ADDRESS, JAVA_INT, handle, handle);
    alltoallv =
        link(
            "MPI_Alltoallv",
            ADDRESS,
            ADDRESS,
            ADDRESS,
            handle,
            ADDRESS,
            ADDRESS,
            ADDRESS,
            handle,
            handle);
    barrier = link("MPI_Barrier", handle);
    bcast = link("MPI_Bcast", ADDRESS, JAVA_INT, handle, JAVA_INT, handle);
    reduceScatterBlock =
        link("MPI_Reduce_scatter_block", ADDRESS, ADDRESS, JAVA_INT, handle, handle, handle);
  }

  /** A function that takes handles as {@code long}. */
  private MethodHandle link(String name, MemoryLayout... arguments) {
    var function =
        Linker.nativeLinker()
            .downcallHandle(symbols.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, arguments));
    var type = function.type();
    for (var i = 0; i < arguments.length; i++) {
      if (arguments[i].name().isPresent()) {
        type = type.changeParameterType(i, long.class);
      }
    }
    return MethodHandles.explicitCastArguments(function, type);
  }

  /** What the constants are. */
  MpiAbi abi() {
    return abi;
  }

  /** The library's name and version, one line. */
  String version() {
    try {
      return MpiAbi.version(symbols);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Starts MPI, so that errors return. */
  void init() {
    try (var arena = Arena.ofConfined()) {
      var provided = arena.allocate(JAVA_INT);
      var function = link("MPI_Init_thread", ADDRESS, ADDRESS, JAVA_INT, ADDRESS);
      check(
          (int)
              function.invokeExact(
                  MemorySegment.NULL, MemorySegment.NULL, abi.serialized(), provided));
      if (provided.get(JAVA_INT, 0) < abi.serialized()) {
        throw new CommunicatorException(
            "The MPI library lets only one thread call it. Install one that was built for"
                + " threads.");
      }
      check(
          (int)
              link("MPI_Comm_set_errhandler", handle, handle)
                  .invokeExact(abi.world(), abi.errorsReturn()));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  void end() {
    try {
      check((int) link("MPI_Finalize").invokeExact());
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  int rank(long communicator) {
    return number("MPI_Comm_rank", communicator);
  }

  int size(long communicator) {
    return number("MPI_Comm_size", communicator);
  }

  private int number(String function, long communicator) {
    try (var arena = Arena.ofConfined()) {
      var number = arena.allocate(JAVA_INT);
      check((int) link(function, handle, ADDRESS).invokeExact(communicator, number));
      return number.get(JAVA_INT, 0);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  long split(long communicator, int color, int key) {
    try (var arena = Arena.ofConfined()) {
      var group = arena.allocate(handle);
      check(
          (int)
              link("MPI_Comm_split", handle, JAVA_INT, JAVA_INT, ADDRESS)
                  .invokeExact(communicator, color, key, group));
      return pointed(group);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  void free(long communicator) {
    try (var arena = Arena.ofConfined()) {
      var group = arena.allocate(handle);
      if (handle.byteSize() == Long.BYTES) {
        group.set(ValueLayout.JAVA_LONG, 0, communicator);
      } else {
        group.set(JAVA_INT, 0, (int) communicator);
      }
      check((int) link("MPI_Comm_free", ADDRESS).invokeExact(group));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private long pointed(MemorySegment group) {
    return handle.byteSize() == Long.BYTES
        ? group.get(ValueLayout.JAVA_LONG, 0)
        : group.get(JAVA_INT, 0);
  }

  void allReduce(MemorySegment values, long communicator) {
    var inPlace = MemorySegment.ofAddress(abi.inPlace());
    try {
      check(
          (int)
              allreduce.invokeExact(
                  inPlace, values, floats(values), abi.floats(), abi.sum(), communicator));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  void reduceScatter(MemorySegment values, MemorySegment part, long communicator) {
    try {
      check(
          (int)
              reduceScatterBlock.invokeExact(
                  values, part, floats(part), abi.floats(), abi.sum(), communicator));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  void allGather(MemorySegment part, MemorySegment all, long communicator) {
    var bytes = Math.toIntExact(part.byteSize());
    try {
      check(
          (int)
              allgather.invokeExact(
                  part, bytes, abi.bytes(), all, bytes, abi.bytes(), communicator));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  void allToAll(MemorySegment sent, MemorySegment received, int size, long communicator) {
    var bytes = Math.toIntExact(sent.byteSize() / size);
    try {
      check(
          (int)
              alltoall.invokeExact(
                  sent, bytes, abi.bytes(), received, bytes, abi.bytes(), communicator));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Collects pieces that lie where they belong.
   *
   * @param counts of each rank, of elements of the type
   * @param places where they begin, in elements
   */
  void allGather(
      MemorySegment all, MemorySegment counts, MemorySegment places, long type, long communicator) {
    var inPlace = MemorySegment.ofAddress(abi.inPlace());
    try {
      check(
          (int) allgatherv.invokeExact(inPlace, 0, type, all, counts, places, type, communicator));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Sends pieces from where they lie, with counts and places as above. */
  void allToAll(
      MemorySegment sent,
      MemorySegment sentCounts,
      MemorySegment sentPlaces,
      MemorySegment received,
      MemorySegment counts,
      MemorySegment places,
      long type,
      long communicator) {
    try {
      check(
          (int)
              alltoallv.invokeExact(
                  sent,
                  sentCounts,
                  sentPlaces,
                  type,
                  received,
                  counts,
                  places,
                  type,
                  communicator));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  void broadcast(MemorySegment bytes, int root, long communicator) {
    var count = Math.toIntExact(bytes.byteSize());
    try {
      check((int) bcast.invokeExact(bytes, count, abi.bytes(), root, communicator));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  void barrier(long communicator) {
    try {
      check((int) barrier.invokeExact(communicator));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Returns only if the library cannot end the processes. */
  void abort(int exitCode) {
    try {
      var _ = (int) abort.invokeExact(abi.world(), exitCode);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static int floats(MemorySegment segment) {
    return Math.toIntExact(segment.byteSize() / Float.BYTES);
  }

  private void check(int error) throws Throwable {
    if (error == 0) {
      return;
    }
    try (var arena = Arena.ofConfined()) {
      var text = arena.allocate(ERROR_BYTES);
      var _ =
          (int)
              link("MPI_Error_string", JAVA_INT, ADDRESS, ADDRESS)
                  .invokeExact(error, text, arena.allocate(JAVA_INT));
      throw new CommunicatorException(
          "The ranks cannot communicate any more: the MPI library says '"
              + CText.line(text)
              + "'.");
    }
  }

  /** Method handles declare what C functions cannot throw. */
  private static RuntimeException unexpected(Throwable thrown) {
    switch (thrown) {
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new AssertionError(thrown);
    }
  }
}

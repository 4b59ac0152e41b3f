package org.bayu.finetune.run;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bayu.collectives.Communicator;
import org.bayu.collectives.Communicators;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.UserException;
import org.bayu.tensor.Device;
import org.bayu.train.ProcessGroups;
import org.bayu.train.checkpoint.BaseDescription;
import org.bayu.train.checkpoint.DataDescription;
import org.bayu.train.plan.MachineMemory;
import org.bayu.train.plan.MemoryPlan;
import org.jspecify.annotations.Nullable;

/**
 * The processes of a command. Rank 0 does all that one process does; it tells the others, of a run
 * the {@link RunWorker}s, what they have to know for their part of the work.
 */
public final class RunRanks {
  private static final Path MACHINE = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path PROCESS = Path.of("/proc/self/status");

  private final Communicator communicator;
  private final int onTheseProcessors;
  private final @Nullable MachineMemory memory;

  private RunRanks(Communicator communicator) {
    this.communicator = communicator;
    if (communicator.size() == 1) {
      onTheseProcessors = 1;
      memory = null;
      return;
    }
    var machine = machine();
    var sharing = count(machine);
    onTheseProcessors = count(machine + processors());
    var own = MachineMemory.current();
    var least = Arrays.stream(gathered(own.availableBytes() / sharing)).min().orElseThrow();
    memory = new MachineMemory(own.totalBytes(), least);
  }

  /**
   * The processes that a launcher has started together; a process alone without one. Collective.
   *
   * @param environment the process's variables
   * @throws org.bayu.collectives.CommunicatorException if they cannot be connected
   */
  public static RunRanks open(Map<String, String> environment) {
    return new RunRanks(Communicators.open(environment));
  }

  /** A process alone, whatever started it. */
  static RunRanks alone() {
    return new RunRanks(Communicators.alone());
  }

  /** The same text on one machine only, until it is started again. */
  private static String machine() {
    try {
      return Files.readString(MACHINE);
    } catch (IOException e) {
      return "";
    }
  }

  /** The processors that this process may use. */
  private static String processors() {
    try (var lines = Files.lines(PROCESS)) {
      return lines.filter(line -> line.startsWith("Cpus_allowed:")).findFirst().orElse("");
    } catch (IOException e) {
      return "";
    }
  }

  /** How many processes have this text. */
  private int count(String text) {
    var own = (long) text.hashCode();
    return (int) Arrays.stream(gathered(own)).filter(each -> each == own).count();
  }

  /** Whether this process is not the one that prints and saves. */
  public boolean isWorker() {
    return communicator.rank() > 0;
  }

  /** Whether there are other processes. */
  public boolean areSeveral() {
    return communicator.size() > 1;
  }

  /** The number of this process. */
  public int rank() {
    return communicator.rank();
  }

  /** What connects the processes. */
  public Communicator communicator() {
    return communicator;
  }

  /**
   * Refuses a number of processes that cannot be divided into groups that hold a model each.
   *
   * @throws UserException that says what can
   */
  public void check(TrainConfig config) {
    checkProcesses(communicator.size(), config);
  }

  /** The same for so many processes. */
  public static void checkProcesses(int processes, TrainConfig config) {
    var parts = config.trainer().modelAxisSize();
    if (processes % parts != 0) {
      throw UserException.usage(
          String.format(
              Locale.ROOT,
              "trainer.model_axis_size: %d processes hold a model together, and here %s. Start %1$d"
                  + " or a multiple with mpirun -np, or leave the key out.",
              parts,
              processes == 1 ? "is one" : "are " + processes));
    }
  }

  /** The processes as groups that hold a model each. Collective. */
  ProcessGroups groups(TrainConfig config) {
    return ProcessGroups.of(communicator, config.trainer().modelAxisSize());
  }

  /** Threads that this process computes with: its part of the processors that it may use. */
  public int threads() {
    return Math.max(1, Runtime.getRuntime().availableProcessors() / onTheseProcessors);
  }

  /**
   * The memory that each process may take. Of several it is what the one with the least had when
   * they began, where those of one machine share.
   */
  MachineMemory memory() {
    return memory == null ? MachineMemory.current() : memory;
  }

  /** Sends the workers a text. */
  public void send(String text) {
    if (!areSeveral()) {
      return;
    }
    var bytes = text.getBytes(UTF_8);
    try (var arena = Arena.ofShared()) {
      communicator.broadcast(arena.allocateFrom(JAVA_INT, bytes.length), 0);
      communicator.broadcast(arena.allocateFrom(JAVA_BYTE, bytes), 0);
    }
  }

  /** Waits for the text that rank 0 sends. */
  public String receive() {
    try (var arena = Arena.ofShared()) {
      var length = arena.allocate(JAVA_INT);
      communicator.broadcast(length, 0);
      var bytes = arena.allocate(length.get(JAVA_INT, 0));
      communicator.broadcast(bytes, 0);
      return new String(bytes.toArray(JAVA_BYTE), UTF_8);
    }
  }

  /**
   * A line about the processes, which are several. Collective.
   *
   * @throws UserException if they would not compute the same
   */
  String check(Device device, RunInputs inputs, TrainConfig config) throws IOException {
    if (differ(device.instructions())) {
      throw UserException.failed(
          "The processes run on different kinds of processors: their results would differ. Choose"
              + " machines of one kind.");
    }
    var base = BaseDescription.of(inputs.base().checkpoint());
    if (differ(DataDescription.of(inputs.data()) + " " + base)) {
      throw UserException.inputFile(
          "The processes do not read the same data, or not the same model: the files must be equal"
              + " on all machines.");
    }
    var threads = gathered(device.threads());
    var parts = config.trainer().modelAxisSize();
    var together = parts == 1 ? "" : "; groups of " + parts + " hold a model together";
    return IntStream.range(0, threads.length)
        .mapToObj(rank -> Long.toString(threads[rank]))
        .collect(
            Collectors.joining(
                ", ", communicator.description() + together + "; threads of each: ", "."));
  }

  /** Whether this text is not the same in all processes. Collective. */
  public boolean differ(String text) {
    return areSeveral() && count(text) < communicator.size();
  }

  private long[] gathered(long own) {
    try (var arena = Arena.ofShared()) {
      var all = arena.allocate(JAVA_LONG, communicator.size());
      communicator.allGather(arena.allocateFrom(JAVA_LONG, own), all);
      return all.toArray(JAVA_LONG);
    }
  }

  /** What helps if some processes will have nothing to do in most steps. */
  Optional<String> advice(MemoryPlan plan, TrainConfig config) {
    var parts = config.trainer().modelAxisSize();
    var several = communicator.size() / parts;
    var microBatches = plan.step().microBatches();
    return microBatches >= several
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "A batch has %.1f micro-batches on average, too few for %d %s. Set"
                    + " trainer.max_tokens_per_microbatch to %d or less.",
                microBatches,
                several,
                parts == 1 ? "processes" : "groups of processes",
                Math.max(1, Math.round(plan.step().distinct() / several))));
  }

  /** Ends all processes at once. Does not return. */
  public void abort(int exitCode) {
    communicator.abort(exitCode);
  }

  /** Tells the workers that there is nothing to do, and ends the communication. */
  public void dismiss() {
    send("");
    finish();
  }

  /** Ends the communication: all processes have done their work. Collective. */
  public void finish() {
    communicator.finish();
  }
}

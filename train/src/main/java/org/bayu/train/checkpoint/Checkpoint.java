package org.bayu.train.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.io.Crc32c;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.NonFiniteTensorException;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.io.SafetensorsFile;
import org.bayu.tensor.io.SafetensorsWriter;
import org.bayu.tensor.io.StagedPath;
import org.bayu.tensor.io.TensorSource;
import org.bayu.tensor.nn.Parameter;
import org.bayu.train.StateTensor;
import org.bayu.train.TrainState;
import org.jspecify.annotations.Nullable;

/**
 * A folder with what a run goes on from. {@code parameters.safetensors}, {@code
 * first_moments.safetensors} and {@code second_moments.safetensors} hold the trained parameters and
 * AdamW's m and v under the parameters' names, in the form in which the run holds them: moments in
 * 8 bits are U8 codes, with their absmax, F32, under the parameter's name and {@code .absmax}.
 * {@code checkpoint.json} is a {@link CheckpointInfo}, and {@code checksums.json} has bytes and
 * CRC-32C of the other files.
 *
 * <p>A checkpoint of an adapter holds nothing of the base model.
 */
public final class Checkpoint {
  private static final String PARAMETERS = "parameters.safetensors";
  private static final String FIRST_MOMENTS = "first_moments.safetensors";
  private static final String SECOND_MOMENTS = "second_moments.safetensors";
  private static final String CHECKSUMS = "checksums.json";

  /** An upper bound for the files beside the tensors, and for their headers. */
  private static final long OVERHEAD = 4 << 20;

  /** A checkpoint.json names each tensor of the base, so it is not small. */
  private static final long MAX_JSON_BYTES = 64 << 20;

  /** The types that trained parameters have. */
  private static final Set<String> FLOATS = Set.of(DType.F32.name(), DType.BF16.name());

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private final Path folder;
  private final CheckpointInfo info;

  private Checkpoint(Path folder, CheckpointInfo info) {
    this.folder = folder;
    this.info = info;
  }

  /**
   * A file as it was written.
   *
   * @param crc32c of its bytes, eight hexadecimal digits
   */
  private record Checksum(long bytes, String crc32c) {
    private static Checksum of(Path file, int crc) throws IOException {
      return new Checksum(Files.size(file), hex(crc));
    }

    private static String hex(int crc) {
      return String.format(Locale.ROOT, "%08x", crc);
    }

    private void check(Path file) throws IOException {
      var name = file.getFileName();
      if (!Files.isRegularFile(file)) {
        throw new DamagedCheckpointException(name + " is missing");
      }
      if (Files.size(file) != bytes) {
        throw new DamagedCheckpointException(
            name + " has " + Files.size(file) + " bytes, and not " + bytes);
      }
      if (!hex(Crc32c.of(file)).equals(crc32c)) {
        throw new DamagedCheckpointException(name + " has another checksum than was written");
      }
    }
  }

  /** An upper bound for the bytes of a state's checkpoint. */
  public static long bytes(TrainState state) {
    return tensors(state).values().stream()
            .flatMap(List::stream)
            .mapToLong(StateTensor::byteSize)
            .sum()
        + OVERHEAD;
  }

  /**
   * Writes a checkpoint, whole or not at all. It replaces a folder that is there already. Of
   * several processes rank 0 writes it, see {@link TrainState#whole}.
   *
   * @throws IOException if it cannot be written
   * @throws NonFiniteTensorException if a parameter is infinite or no number
   */
  public static void write(Path folder, TrainState state, RunDescription run, boolean kept)
      throws IOException {
    var info =
        new CheckpointInfo(
            CheckpointInfo.FORMAT, kept, state.progress(), state.optimizer().steps(), run);
    for (var trained : state.parameters()) {
      NonFiniteTensorException.check(trained.name(), trained.value());
    }
    try (var staged = StagedPath.replacement(folder)) {
      var files = new LinkedHashMap<String, Checksum>();
      var json = info.toJson();
      var path = staged.path().resolve(CheckpointInfo.FILE_NAME);
      Files.write(path, json);
      files.put(
          CheckpointInfo.FILE_NAME, Checksum.of(path, Crc32c.of(MemorySegment.ofArray(json))));
      for (var file : tensors(state).entrySet()) {
        path = staged.path().resolve(file.getKey());
        // Of parameters in parts only this process's part has been looked at.
        var isToCheck = file.getKey().equals(PARAMETERS);
        var sources =
            file.getValue().stream().map(tensor -> source(state, tensor, isToCheck)).toList();
        files.put(file.getKey(), Checksum.of(path, SafetensorsWriter.write(path, sources)));
      }
      Files.writeString(staged.path().resolve(CHECKSUMS), JSON.writeValueAsString(files), UTF_8);
      staged.publish();
    }
  }

  private static Map<String, List<StateTensor>> tensors(TrainState state) {
    var files = new LinkedHashMap<String, List<StateTensor>>();
    files.put(PARAMETERS, state.parameterTensors());
    files.put(FIRST_MOMENTS, state.firstMoments());
    files.put(SECOND_MOMENTS, state.secondMoments());
    return files;
  }

  private static TensorSource source(TrainState state, StateTensor tensor, boolean isToCheck) {
    return new TensorSource.Elements(
        tensor.name(),
        tensor.dtype(),
        tensor.wholeShape(),
        () -> {
          var whole = state.whole(tensor);
          if (isToCheck && !tensor.modelPart().isWhole()) {
            NonFiniteTensorException.check(tensor.name(), whole);
          }
          return whole;
        });
  }

  /**
   * Opens a checkpoint and checks it: every file is read through.
   *
   * @throws DamagedCheckpointException if it is not whole, not as it was written, or of a newer
   *     format
   */
  public static Checkpoint open(Path folder) throws IOException {
    var json = json(folder.resolve(CHECKSUMS));
    Map<String, Checksum> files;
    try {
      files = JSON.readValue(json, new TypeReference<Map<String, Checksum>>() {});
    } catch (IOException e) { // Jackson's, or that the bytes are no text
      throw new DamagedCheckpointException(CHECKSUMS + " is not what was written", e);
    }
    check(folder, files, CheckpointInfo.FILE_NAME);
    // First, because a newer format may have other files.
    var info = CheckpointInfo.parse(json(folder.resolve(CheckpointInfo.FILE_NAME)));
    for (var name : List.of(PARAMETERS, FIRST_MOMENTS, SECOND_MOMENTS)) {
      check(folder, files, name);
    }
    return new Checkpoint(folder, info);
  }

  private static void check(Path folder, @Nullable Map<String, Checksum> files, String name)
      throws IOException {
    var checksum = files == null ? null : files.get(name);
    if (checksum == null) {
      throw new DamagedCheckpointException(CHECKSUMS + " does not have " + name);
    }
    checksum.check(folder.resolve(name));
  }

  private static byte[] json(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new DamagedCheckpointException(file.getFileName() + " is missing");
    }
    if (Files.size(file) > MAX_JSON_BYTES) {
      throw new DamagedCheckpointException(file.getFileName() + " is too large");
    }
    try {
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new DamagedCheckpointException(file.getFileName() + " is missing", e);
    }
  }

  /** Whether the checkpoint in a folder says that it stays when the next one is written. */
  static boolean isKept(Path folder) throws IOException {
    return CheckpointInfo.parse(json(folder.resolve(CheckpointInfo.FILE_NAME))).kept();
  }

  /** The folder. */
  public Path folder() {
    return folder;
  }

  /** What it says of itself. */
  public CheckpointInfo info() {
    return info;
  }

  /**
   * Makes a state go on from here. Each of several processes reads its part.
   *
   * @param state of the same parameters
   * @throws DamagedCheckpointException if it has other parameters; the state is then useless
   */
  public void load(TrainState state) throws IOException {
    for (var file : tensors(state).entrySet()) {
      load(file.getKey(), file.getValue(), false);
    }
    state.restore(info.progress(), info.updates());
  }

  /**
   * Copies the parameters alone. If they have another type, F32 or BF16, they are rounded to
   * nearest.
   *
   * @throws DamagedCheckpointException if the checkpoint has other parameters
   */
  public void loadParameters(List<Parameter> parameters) throws IOException {
    var tensors = parameters.stream().map(StateTensor::of).toList();
    load(PARAMETERS, tensors, true);
  }

  /**
   * Copies the parameters alone, in the same way. Each of several processes reads its part.
   *
   * @throws DamagedCheckpointException if the checkpoint has other parameters
   */
  public void loadParameters(TrainState state) throws IOException {
    load(PARAMETERS, state.parameterTensors(), true);
  }

  private static boolean fits(String stored, String wanted, boolean round) {
    return stored.equals(wanted) || (round && FLOATS.contains(stored) && FLOATS.contains(wanted));
  }

  private void load(String name, List<StateTensor> targets, boolean round) throws IOException {
    var path = folder.resolve(name);
    try (var file = SafetensorsFile.open(path)) {
      var others = new ArrayList<String>();
      var extra = new TreeSet<>(file.names());
      for (var target : targets) {
        var other = extra.remove(target.name()) ? other(file, target, round) : "is missing";
        if (other != null) {
          others.add(Printable.name(target.name()) + " " + other);
        }
      }
      extra.forEach(each -> others.add(Printable.name(each) + " is not trained"));
      if (!others.isEmpty()) {
        throw new DamagedCheckpointException(
            path + ": holds other parameters than are trained: " + Printable.first(others, "; "));
      }
      for (var target : targets) {
        copy(file, target);
      }
    } catch (MalformedFileException e) {
      throw new DamagedCheckpointException(String.valueOf(e.getMessage()), e);
    }
  }

  /** In what a stored tensor differs from the one that it is for; null if it fits. */
  private static @Nullable String other(SafetensorsFile file, StateTensor target, boolean round) {
    var stored = file.entry(target.name());
    var wanted = target.dtype().name();
    return stored.shape().equals(target.wholeShape()) && fits(stored.dtypeName(), wanted, round)
        ? null
        : "is %s %s, not %s %s"
            .formatted(stored.dtypeName(), stored.shape(), wanted, target.wholeShape());
  }

  /** Copies what this process has of a tensor. */
  private static void copy(SafetensorsFile file, StateTensor target) throws MalformedFileException {
    var name = target.name();
    var part = target.part();
    var isSameType = file.entry(name).dtypeName().equals(target.dtype().name());
    var whole =
        isSameType
            ? Tensor.of(file.bytes(name), target.dtype(), target.wholeShape())
            : file.tensor(name);
    try (var memory = Arena.ofConfined()) {
      var shared = target.modelPart().of(whole, memory);
      var elements = shared.reshape(shared.elements());
      part.reshape(part.elements())
          .copyFrom(elements.slice(target.from(), target.from() + part.elements()));
      if (target.copy() != null) {
        target.copy().copyFrom(shared);
      }
    }
  }
}

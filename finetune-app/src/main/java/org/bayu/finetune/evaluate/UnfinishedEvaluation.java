package org.bayu.finetune.evaluate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.tensor.io.Printable;
import org.bayu.train.files.AtomicFile;
import org.bayu.train.files.OutputFolder;
import org.jspecify.annotations.Nullable;

/**
 * The answers of an evaluation that is not over, in the folder {@code <output>.part}: {@code
 * settings.json} has what they follow from, {@code answers.jsonl} gets a line as each comes. An
 * evaluation that was interrupted goes on from there; one that is over takes the name {@code
 * output}. In use, the folder is locked.
 */
public final class UnfinishedEvaluation implements AutoCloseable {
  private static final String ANSWERS = "answers.jsonl";
  private static final JsonMapper JSON = new JsonMapper();

  private final Path output;
  private final Path folder;
  private final FileChannel answers;

  private UnfinishedEvaluation(Path output, Path folder, FileChannel answers) {
    this.output = output;
    this.folder = folder;
    this.answers = answers;
  }

  /**
   * Opens the folder, made if missing, and locks it.
   *
   * @param output the folder that is to be: missing or empty
   * @param messages takes a line where something of others was left beside it
   * @throws UserException if it is neither, if it cannot be written, or if another process writes
   *     it
   */
  public static UnfinishedEvaluation open(Path output, Consumer<String> messages)
      throws IOException {
    check(output, messages);
    var real = Files.exists(output) ? output.toRealPath() : output.toAbsolutePath().normalize();
    var folder = real.resolveSibling(real.getFileName() + ".part");
    try {
      refuseForeign(folder);
      Files.createDirectories(folder);
      var answers = FileChannel.open(folder.resolve(ANSWERS), CREATE, READ, WRITE);
      if (lock(answers) == null) {
        answers.close();
        throw UserException.failed(
            folder
                + ": another process is writing this evaluation. Wait for it, or choose another"
                + " --output.");
      }
      return new UnfinishedEvaluation(real, folder, answers);
    } catch (IOException e) {
      throw unwritable(folder, "Choose another --output.", e);
    }
  }

  private static void check(Path output, Consumer<String> messages) throws IOException {
    if (Files.exists(output.resolve(Evaluation.FILE_NAME))) {
      throw UserException.usage(output + ": holds an evaluation already. Choose another --output.");
    }
    if (!isEmptyFolder(output)) {
      OutputFolder.check("--output", output, "Choose another one.", messages);
    }
  }

  private static boolean isEmptyFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (var entries = Files.list(folder)) {
      return entries.findAny().isEmpty();
    }
  }

  private static void refuseForeign(Path folder) throws IOException {
    if (Files.exists(folder)
        && Files.notExists(folder.resolve(ANSWERS))
        && !isEmptyFolder(folder)) {
      throw UserException.usage(
          folder
              + ": holds something other than an unfinished evaluation. Choose another --output.");
    }
  }

  private static @Nullable FileLock lock(FileChannel file) throws IOException {
    try {
      return file.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // this very process holds it
    }
  }

  private static UserException unwritable(Path file, String advice, IOException cause) {
    return new UserException(
        ExitCode.FAILED,
        "%s: cannot be written (%s). %s".formatted(file, OutputFolder.reason(cause), advice),
        cause);
  }

  /**
   * The answers that are there already.
   *
   * @param settings what the answers to come follow from
   * @param rows how many there are
   * @throws UserException that says what differs where those follow from something else
   */
  public List<Answer> resume(EvaluationSettings settings, int rows) throws IOException {
    var file = folder.resolve(EvaluationSettings.FILE_NAME);
    if (answers.size() == 0) {
      AtomicFile.write(file, out -> out.write(settings.toJson()));
      return List.of();
    }
    var differences = settings.differences(EvaluationSettings.read(file));
    if (!differences.isEmpty()) {
      throw UserException.usage(
          "%s: the evaluation that was begun there differs in %s. Give the same to go on with it, or choose another --output."
              .formatted(folder, Printable.first(differences, ", ")));
    }
    return read(rows);
  }

  /** The answers up to the first line that is not whole, which the process was killed at. */
  private List<Answer> read(int rows) throws IOException {
    var bytes = Files.readAllBytes(folder.resolve(ANSWERS));
    var read = new ArrayList<Answer>();
    var from = 0;
    for (var to = 0; to < bytes.length; to++) {
      if (bytes[to] != '\n') {
        continue;
      }
      var answer = answer(Arrays.copyOfRange(bytes, from, to));
      if (answer == null || answer.row() < 0 || answer.row() >= rows) {
        break;
      }
      read.add(answer);
      from = to + 1;
    }
    answers.truncate(from);
    answers.position(from);
    return read;
  }

  private static @Nullable Answer answer(byte[] line) throws IOException {
    try {
      return JSON.readValue(line, Answer.class);
    } catch (JacksonException e) {
      return null;
    }
  }

  /**
   * Keeps an answer.
   *
   * @throws UserException if it cannot be written; those before are kept
   */
  public void add(Answer answer) throws IOException {
    var line = ByteBuffer.wrap((JSON.writeValueAsString(answer) + "\n").getBytes(UTF_8));
    try {
      while (line.hasRemaining()) {
        answers.write(line);
      }
    } catch (IOException e) {
      throw unwritable(
          folder.resolve(ANSWERS),
          "The answers before are kept: the same command goes on from there.",
          e);
    }
  }

  /** Ends the evaluation: writes its files, and the folder takes its name. */
  public Evaluation finish(List<Prediction> predictions) throws IOException {
    var evaluation = Evaluation.write(folder, predictions);
    try {
      Files.deleteIfExists(output); // an empty folder
      Files.move(folder, output, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw unwritable(output, "The evaluation is in " + folder + ": the same command ends it.", e);
    }
    Files.delete(output.resolve(ANSWERS));
    return evaluation;
  }

  /** Lets go; without an answer nothing is left. */
  @Override
  public void close() throws IOException {
    try (answers) {
      if (Files.isDirectory(folder) && answers.size() == 0) {
        Files.deleteIfExists(folder.resolve(EvaluationSettings.FILE_NAME));
        Files.deleteIfExists(folder.resolve(ANSWERS));
        Files.deleteIfExists(folder);
      }
    }
  }
}

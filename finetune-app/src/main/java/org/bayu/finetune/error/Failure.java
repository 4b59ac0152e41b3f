package org.bayu.finetune.error;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;
import java.util.regex.Pattern;
import org.bayu.collectives.CommunicatorException;
import org.bayu.llama.NonFiniteLogitsException;
import org.bayu.remote.bucket.BucketException;
import org.bayu.remote.hub.HubException;
import org.bayu.tensor.KernelsUnavailableException;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.NonFiniteTensorException;
import org.bayu.tensor.io.Printable;
import org.bayu.train.TrainException;
import org.jspecify.annotations.Nullable;

/** What a command that threw leaves behind: an exit code and a sentence for the terminal. */
public record Failure(int exitCode, String message) {
  /** Whatever names from files and the command line it holds, the message is fit to be printed. */
  public Failure {
    message = Printable.sentence(message);
  }

  private static final Pattern BYTES = Pattern.compile("(\\d+) bytes");

  /** The failure that a throwable out of a command means to the user. */
  public static Failure of(Throwable thrown) {
    return switch (thrown) {
      case UserException e -> new Failure(e.exitCode(), String.valueOf(e.getMessage()));
      case TrainException e -> new Failure(exitCode(e.kind()), String.valueOf(e.getMessage()));
      case HubException e -> new Failure(exitCode(e.reason()), e.getMessage());
      case CommunicatorException e -> failed(String.valueOf(e.getMessage()));
      case KernelsUnavailableException e -> new Failure(ExitCode.USAGE, e.getMessage() + ".");
      case UncheckedIOException e when e.getCause() != null -> of(e.getCause());
      case NonFiniteLogitsException e -> failed(sentenceOf(e.getMessage()) + ".");
      case NonFiniteTensorException e ->
          failed(
              sentenceOf(e.getMessage())
                  + ". A model with such a weight is neither trained nor saved.");
      // How Java says that a page of a mapped file is not there.
      case InternalError e when String.valueOf(e.getMessage()).contains("unsafe memory access") ->
          inputFile(
              "A file of the model was cut short, or could not be read, while it was in use. Leave"
                  + " a model's files alone while Bayu uses them.");
      case MalformedFileException e -> inputFile(e.getMessage() + ".");
      case BucketException e -> failed(e.getMessage() + ".");
      case NoSuchFileException e -> inputFile(e.getFile() + ": no such file or folder.");
      case NotDirectoryException e -> inputFile(e.getFile() + ": not a folder.");
      case AccessDeniedException e -> inputFile(e.getFile() + ": permission denied.");
      case FileAlreadyExistsException e -> failed(e.getFile() + ": exists already.");
      case FileSystemException e -> failed(e.getMessage() + ".");
      case CharacterCodingException _ ->
          inputFile("An input file is not UTF-8 text (--debug tells where it was read).");
      // How Java says that there is no address space left for a mapping.
      case IOException e when e.getCause() instanceof OutOfMemoryError cause -> memory(cause);
      case IOException e -> failed("Reading or writing failed: " + e.getMessage() + ".");
      case InvalidPathException e -> new Failure(ExitCode.USAGE, "Bad path: " + e.getMessage());
      case OutOfMemoryError e -> memory(e);
      default ->
          failed(
              "This should not have happened: "
                  + thrown
                  + ". Please report it with the stack trace that --debug prints.");
    };
  }

  private static int exitCode(HubException.Reason reason) {
    return switch (reason) {
      case NO_REPOSITORY, NO_REVISION, NO_FILE, GATED, FORBIDDEN -> ExitCode.INPUT_FILE;
      case EXISTS, UNREACHABLE, NO_SPACE, DAMAGED, OTHER -> ExitCode.FAILED;
    };
  }

  private static int exitCode(TrainException.Kind kind) {
    return switch (kind) {
      case FAILED -> ExitCode.FAILED;
      case SETTINGS -> ExitCode.USAGE;
      case INPUT_FILE -> ExitCode.INPUT_FILE;
      case MEMORY -> ExitCode.MEMORY;
    };
  }

  private static String sentenceOf(@Nullable String reason) {
    var text = String.valueOf(reason);
    return Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }

  private static Failure failed(String message) {
    return new Failure(ExitCode.FAILED, message);
  }

  private static Failure inputFile(String message) {
    return new Failure(ExitCode.INPUT_FILE, message);
  }

  private static Failure memory(OutOfMemoryError error) {
    return new Failure(ExitCode.MEMORY, sentence(String.valueOf(error.getMessage())));
  }

  /** What Java's reason means and what helps. */
  private static String sentence(String reason) {
    if (reason.contains("heap space") || reason.contains("GC overhead")) {
      return String.format(
          Locale.ROOT,
          "The Java heap of %d MB is full; give it more with BAYU_JAVA_OPTS=-Xmx4g.",
          Runtime.getRuntime().maxMemory() >> 20);
    }
    if (reason.contains("native thread")) {
      return "The system gives this process no more threads: allow more of them (ulimit -u), or end"
          + " other programs.";
    }
    if (reason.contains("Map failed")) {
      return "A file could not be mapped, because the process may use no more address space: allow"
          + " more (ulimit -v unlimited).";
    }
    var bytes = BYTES.matcher(reason);
    if (bytes.find() && reason.contains("direct buffer")) {
      return "Java's direct memory is full: "
          + bytes.group(1)
          + " bytes more are needed; give it more with"
          + " BAYU_JAVA_OPTS=-XX:MaxDirectMemorySize=4g.";
    }
    return bytes.reset().find()
        ? "Out of memory: "
            + bytes.group(1)
            + " bytes more are needed. Take a smaller model or batch, close other programs, or"
            + " allow more address space (ulimit -v unlimited)."
        : "Out of memory (" + reason + "): take a smaller model or batch, or close other programs.";
  }
}

package org.bayu.train.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.util.HexFormat;
import java.util.Locale;
import java.util.function.Consumer;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.tensor.io.RemoteFiles;
import org.bayu.tensor.io.Sha256;
import org.bayu.train.TokenizedData;
import org.bayu.train.TrainException;
import org.bayu.train.files.AtomicFile;
import org.bayu.train.files.CleanEnd;

/**
 * Keeps a data file's token ids from run to run. The cache file is named by a hash of everything
 * that decides them: the data's content, tokenizer, template, limit, whether bad rows are skipped,
 * and whether special tokens in rows are read. A changed prompt or tokenizer therefore never uses
 * stale tokens.
 *
 * @param folder of the cache files; created if missing
 * @param messages takes lines for the user
 * @param remote where the folder may stand for one elsewhere, which is kept too; if that fails, a
 *     line says so
 */
public record TokenCache(Path folder, Consumer<String> messages, RemoteFiles remote) {

  /** A cache in a folder that is only here. */
  public TokenCache(Path folder, Consumer<String> messages) {
    this(folder, messages, RemoteFiles.NONE);
  }

  /**
   * Everything that decides the tokens.
   *
   * @param data a file of rows, see {@link RowFile}
   * @param reader turns its lines into prompts and outputs
   * @param tokenizer turns these into tokens
   * @param limit the most tokens of an example
   */
  public record Source(Path data, RowReader reader, LlamaTokenizer tokenizer, LengthLimit limit) {}

  /**
   * The examples of a data file: from the cache, or tokenized and stored there. A damaged cache
   * file is replaced.
   *
   * @throws org.bayu.train.TrainException if a row is bad or the folder cannot be written to
   */
  public TokenizedData load(Source source) throws IOException {
    refuseUnlessReadableTwice(source.data);
    var file = folder.resolve(key(source) + ".tokens");
    keep(() -> remote.fetch(file));
    if (Files.exists(file)) {
      try {
        return TokenFile.read(file);
      } catch (TokenFile.DamagedException e) {
        messages.accept(
            "%s: the token cache is damaged (%s) and is made anew."
                .formatted(file, e.getMessage()));
      }
    }
    AtomicFile.write(file, out -> tokenize(source, out));
    keep(() -> remote.publish(file));
    return TokenFile.read(file);
  }

  /** The cache elsewhere only saves time: without it the rows are tokenized here. */
  private void keep(CleanEnd.Writing transfer) {
    try {
      transfer.run();
    } catch (IOException e) {
      messages.accept("The token cache is kept here only: " + e.getMessage() + ".");
    }
  }

  /** A file is read for its hash first, and then for its rows. */
  private static void refuseUnlessReadableTwice(Path data) {
    if (Files.isDirectory(data)) {
      throw DataFile.folder(data, RowFile.Text.JSON_LINES.toString());
    }
    if (Files.exists(data) && !Files.isRegularFile(data)) {
      throw TrainException.inputFile(
          ("%s: a pipe or a device, where a file is needed that can be read more than once. Write"
                  + " the rows to a file first.")
              .formatted(data));
    }
  }

  private void tokenize(Source source, OutputStream out) throws IOException {
    var tokenizer = new ExampleTokenizer(source.tokenizer, source.limit.tokens());
    var file = new TokenFile.Writer(out);
    var report =
        source.reader.read(
            source.data,
            row -> {
              for (var piece : tokenizer.pieces(row)) {
                file.add(piece);
              }
            });
    if (report.firstSkipped() != null) {
      messages.accept(
          String.format(
              Locale.ROOT,
              report.skipped() == 1
                  ? "Skipped %d bad row: %s."
                  : "Skipped %d bad rows; the first: %s.",
              report.skipped(),
              report.firstSkipped()));
    }
    file.finish(report.skipped());
  }

  private static String key(Source source) throws IOException {
    var digest = Sha256.digest();
    try (var out =
        new DataOutputStream(new DigestOutputStream(OutputStream.nullOutputStream(), digest))) {
      out.writeLong(TokenFile.MAGIC);
      writeText(out, source.tokenizer.fingerprint());
      writeText(out, source.reader.template().promptInput());
      writeText(out, source.reader.template().promptNoInput());
      out.writeInt(source.limit.tokens());
      out.writeBoolean(source.reader.skipBadRows());
      out.writeBoolean(source.reader.specialTokens());
      Files.copy(source.data, out);
    }
    return HexFormat.of().formatHex(digest.digest(), 0, 16);
  }

  private static void writeText(DataOutputStream out, String text) throws IOException {
    var bytes = text.getBytes(UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }
}

package org.bayu.finetune.config;

import java.security.SecureRandom;
import java.util.regex.Pattern;
import org.bayu.finetune.error.UserException;
import org.jspecify.annotations.Nullable;

/** A run's name, which its folders bear. */
public final class RunId {
  private static final Pattern NAME = Pattern.compile("[\\w.-]*\\w[\\w.-]*");
  private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
  private static final int LENGTH = 8;

  private RunId() {}

  /** The key {@code id}, else $RUN_ID, else null. */
  static @Nullable String read(ConfigSection trainer, @Nullable String environment) {
    var id = trainer.text("id");
    if (id != null) {
      if (!isName(id)) {
        throw trainer.expected("id", "a name of letters, digits and . _ -");
      }
      return id;
    }
    if (environment == null || environment.isEmpty()) {
      return null;
    }
    if (!isName(environment)) {
      throw UserException.usage(
          "$RUN_ID: '%s', where a name of letters, digits and . _ - is expected."
              .formatted(environment));
    }
    return environment;
  }

  /** Whether a text may be one. */
  public static boolean isName(String id) {
    return NAME.matcher(id).matches();
  }

  /** A new name of {@value #LENGTH} letters and digits: not the seed's doing, so never twice. */
  public static String random() {
    var random = new SecureRandom();
    var id = new StringBuilder();
    for (var i = 0; i < LENGTH; i++) {
      id.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
    }
    return id.toString();
  }
}

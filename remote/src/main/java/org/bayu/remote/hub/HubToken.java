package org.bayu.remote.hub;

import java.util.Optional;

/** The secret by which the Hub knows a user. Its text never shows it. */
public final class HubToken {
  private final String secret;

  private HubToken(String secret) {
    this.secret = secret;
  }

  /** The token that a text is, if it can be one: characters that may stand in a header. */
  public static Optional<HubToken> of(String text) {
    var secret = text.strip();
    return !secret.isEmpty() && secret.chars().allMatch(c -> c > ' ' && c < 0x7F)
        ? Optional.of(new HubToken(secret))
        : Optional.empty();
  }

  /** The value of the header {@code Authorization}. */
  String authorization() {
    return "Bearer " + secret;
  }

  @Override
  public String toString() {
    return "a token";
  }
}

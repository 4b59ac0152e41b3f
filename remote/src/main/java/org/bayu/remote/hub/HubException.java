package org.bayu.remote.hub;

import java.io.IOException;
import java.util.Objects;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/**
 * Files of the Hub cannot be had. The message is one or two whole sentences for the user: what is
 * wrong, of which repository, and what to do. It can be printed, and holds no token.
 */
public final class HubException extends IOException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  /** Why not. */
  public enum Reason {
    /** There is no such repository, or none that this user may know of. */
    NO_REPOSITORY,
    /** The repository has no such branch, tag or commit. */
    NO_REVISION,
    /** The repository has no such file, or none that Bayu reads. */
    NO_FILE,
    /** The repository is open only to those who accepted its terms. */
    GATED,
    /** What was to be made is there already. */
    EXISTS,
    /** The token is refused, or may not do this. */
    FORBIDDEN,
    /** The Hub cannot be reached or does not answer, and the cache does not have it. */
    UNREACHABLE,
    /** The disk has no room. */
    NO_SPACE,
    /** What came is not what the Hub said would come. */
    DAMAGED,
    /** Another answer of the server. */
    OTHER
  }

  HubException(Reason reason, String message) {
    this(reason, message, null);
  }

  HubException(Reason reason, String message, @Nullable Throwable cause) {
    super(Printable.escape(message), cause);
    this.reason = reason;
  }

  @Override
  public String getMessage() {
    return Objects.requireNonNull(super.getMessage());
  }

  /** Why not. */
  public Reason reason() {
    return reason;
  }
}

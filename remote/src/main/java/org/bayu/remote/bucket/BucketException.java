package org.bayu.remote.bucket;

import java.io.IOException;
import java.util.Locale;
import java.util.regex.Pattern;
import org.bayu.tensor.io.Printable;

/**
 * A bucket, or an object in one, cannot be read or written. The message is a sentence without its
 * full stop: the address, why, and what to do. It has no words of the provider's, which may hold
 * names of accounts.
 */
public final class BucketException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What a provider's exceptions say, and what it means; the first that is found counts. */
  private enum Reason {
    UNKNOWN_BUCKET(
        "NoSuchBucket|bucket does not exist",
        "there is no such bucket, or it is not this account's"),
    NO_REGION("unable to load region", "no region is set; set AWS_REGION or run aws configure"),
    NO_CREDENTIALS(
        "\\b401\\b|unauthorized|unable to load credentials|invalidaccesskeyid"
            + "|signaturedoesnotmatch|expiredtoken|invalid_grant|application default credentials",
        "no valid credentials were found; sign in as the provider's own tools do"
            + " (gcloud auth application-default login, aws configure)"),
    FORBIDDEN(
        "\\b403\\b|forbidden|accessdenied|access denied", "this account may not do that there"),
    UNREACHABLE(
        "unknownhost|connectexception|host name was invalid|no route to host|timed? ?out"
            + "|connection (was |is )?(refused|reset|closed)|unresolvedaddress|socketexception",
        "the service cannot be reached; look at the network"),
    MISSING("\\b404\\b|nosuchfile|nosuchkey", "there is no such bucket or object");

    private final Pattern pattern;
    private final String words;

    Reason(String pattern, String words) {
      this.pattern = Pattern.compile(pattern, Pattern.CASE_INSENSITIVE);
      this.words = words;
    }
  }

  BucketException(BucketAddress address, String reason) {
    super(Printable.escape(address.toString()) + ": " + reason);
  }

  /** What a provider's exception means. */
  BucketException(BucketAddress address, String what, Exception cause) {
    super("%s: %s (%s)".formatted(Printable.escape(address.toString()), what, reason(cause)));
    initCause(cause);
  }

  private static String reason(Exception failure) {
    var text = new StringBuilder();
    var depth = 0;
    for (Throwable each = failure; each != null && depth < 10; each = each.getCause()) {
      text.append(each.getClass().getSimpleName()).append(' ').append(firstLine(each)).append('\n');
      depth++;
    }
    for (var reason : Reason.values()) {
      if (reason.pattern.matcher(text).find()) {
        return reason.words;
      }
    }
    return "the service failed: "
        + failure.getClass().getSimpleName().replaceFirst("Exception$", "").toLowerCase(Locale.ROOT)
        + "; --debug tells more";
  }

  /** Further lines repeat a request, in whose address any number may stand. */
  private static String firstLine(Throwable failure) {
    var message = String.valueOf(failure.getMessage());
    return message.lines().findFirst().orElse("");
  }
}

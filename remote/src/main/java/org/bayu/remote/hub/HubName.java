package org.bayu.remote.hub;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of a repository on the Hub, as a user writes it: {@code org/name}, or {@code
 * org/name@revision} with a branch, a tag or a commit.
 *
 * @param repository {@code org/name}
 * @param revision the branch, tag or commit; {@code main} if the user names none
 */
public record HubName(String repository, String revision) {
  /** The revision that is meant where none is named. */
  public static final String MAIN = "main";

  /**
   * What the Hub accepts: two parts of letters, digits, {@code -}, {@code _} and {@code .}, each at
   * most 96 characters, without {@code --} or {@code ..}, and with no {@code -} or {@code .} at
   * either end.
   */
  private static final Pattern NAME =
      Pattern.compile("(?<repository>[\\w.-]{1,96}/[\\w.-]{1,96})(@(?<revision>[^@\\s]{1,200}))?");

  private static final Pattern REFUSED = Pattern.compile("--|\\.\\.|(^|/)[-.]|[-.](/|$)");

  /** The name that a text is, if it is one. A path such as {@code ./models/llama} is none. */
  public static Optional<HubName> parse(String text) {
    var name = NAME.matcher(text);
    if (!name.matches() || REFUSED.matcher(name.group("repository")).find()) {
      return Optional.empty();
    }
    var revision = name.group("revision");
    return Optional.of(new HubName(name.group("repository"), revision == null ? MAIN : revision));
  }

  /** As the user writes it. */
  @Override
  public String toString() {
    return revision.equals(MAIN) ? repository : repository + "@" + revision;
  }
}

package org.bayu.remote.hub;

import org.bayu.remote.hub.HubException.Reason;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/** What the Hub's refusals mean to the user. */
final class HubFailures {
  private HubFailures() {}

  /** The failure that an answer other than success is. */
  static HubException of(Request request, HubResponse response, HubEnvironment environment) {
    var repository = request.repository();
    var name = repository.id();
    var code = response.header("X-Error-Code").orElse("");
    var page = environment.at(repository.page());
    var hasToken = environment.token().isPresent();
    return switch (code) {
      case "GatedRepo" ->
          new HubException(
              Reason.GATED,
              hasToken
                  ? "The %s %s is gated, and the token's account has no access to it. Ask for access at %s."
                      .formatted(repository.type(), name, page)
                  : "The %s %s is gated: accept its terms at %s, and set HF_TOKEN to a token of that account."
                      .formatted(repository.type(), name, page));
      case "RevisionNotFound" ->
          new HubException(
              Reason.NO_REVISION,
              "%s has no branch, tag or commit of that name (%s)."
                  .formatted(name, Printable.name(request.subject())));
      case "EntryNotFound" ->
          new HubException(
              Reason.NO_FILE,
              "%s has no file %s.".formatted(name, Printable.name(request.subject())));
      case "RepoNotFound" -> unknown(repository, hasToken, environment);
      default -> ofStatus(request, response.status(), environment);
    };
  }

  private static HubException ofStatus(Request request, int status, HubEnvironment environment) {
    var repository = request.repository();
    var hasToken = environment.token().isPresent();
    return switch (status) {
      case 401 ->
          hasToken
              ? new HubException(
                  Reason.FORBIDDEN,
                  "%s refuses the token for %s: it is wrong or has expired. Set HF_TOKEN to a new one, or run 'hf auth login'."
                      .formatted(environment.endpoint().getHost(), repository.id()))
              : unknown(repository, false, environment);
      case 403 ->
          new HubException(
              Reason.FORBIDDEN,
              hasToken
                  ? "The token may not do this with %s. Give it the right in the settings of its account."
                      .formatted(repository.id())
                  : "%s is not open to everybody. Set HF_TOKEN to a token of an account with access."
                      .formatted(repository.id()));
      case 404 -> unknown(repository, hasToken, environment);
      case 409 -> new HubException(Reason.EXISTS, "%s exists already.".formatted(repository.id()));
      case 416 -> unreadable(request, null);
      case 429 ->
          new HubException(
              Reason.UNREACHABLE,
              "%s allows no more requests for now (status 429). Try again in some minutes%s."
                  .formatted(
                      environment.endpoint().getHost(),
                      hasToken ? "" : ", or set HF_TOKEN, which allows more"));
      default ->
          new HubException(
              status >= 500 ? Reason.UNREACHABLE : Reason.OTHER,
              "%s answers with status %s to the question about %s. Try again later."
                  .formatted(environment.endpoint().getHost(), status, repository.id()));
    };
  }

  private static HubException unknown(
      HubRepository repository, boolean hasToken, HubEnvironment environment) {
    return new HubException(
        Reason.NO_REPOSITORY,
        "There is no %s %s at %s%s"
            .formatted(
                repository.type(),
                repository.id(),
                environment.endpoint().getHost(),
                hasToken
                    ? ", or the token's account may not see it."
                    : ". If it is private, set HF_TOKEN to a token of an account with access."));
  }

  /** No answer came. */
  static HubException unreachable(
      Request request, HubEnvironment environment, @Nullable Throwable cause) {
    return new HubException(
        Reason.UNREACHABLE,
        "%s cannot be reached for %s. Look at the network or at HTTPS_PROXY; without a network, only what is in %s can be used."
            .formatted(
                environment.endpoint().getHost(), request.repository().id(), environment.cache()),
        cause);
  }

  /** An answer came that the Hub does not give. */
  static HubException unreadable(Request request, @Nullable Throwable cause) {
    return new HubException(
        Reason.DAMAGED,
        "The answer about %s (%s) is not what the Hub answers. Look at HF_ENDPOINT and at the proxy."
            .formatted(request.repository().id(), Printable.name(request.subject())),
        cause);
  }
}

package org.bayu.remote.hub;

import java.net.URI;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A request to the Hub.
 *
 * @param repository whose it is, for messages
 * @param subject what is asked for, for messages: a revision or a file
 * @param headers of the next try, beside those that every request has
 * @param tries how often it is sent before a passing failure counts
 */
record Request(
    HubRepository repository,
    String subject,
    URI uri,
    Supplier<Map<String, String>> headers,
    int tries) {
  /** Tries of what cannot be had otherwise. */
  static final int PATIENT = 6;

  static Request of(HubRepository repository, String subject, URI uri, int tries) {
    return new Request(repository, subject, uri, Map::of, tries);
  }

  /** The same with headers of its own. */
  Request with(Supplier<Map<String, String>> others) {
    return new Request(repository, subject, uri, others, tries);
  }
}

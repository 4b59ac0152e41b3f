package org.bayu.remote.standin;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An answer of the stand-in.
 *
 * @param cut bytes of the body after which the connection is closed; -1 for none
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Answer(int status, Map<String, String> headers, byte[] body, int cut) {
  /** An answer without a body. */
  public static Answer of(int status) {
    return new Answer(status, Map.of(), new byte[0], -1);
  }

  /** A JSON answer. */
  public static Answer json(String json) {
    return of(200).with("Content-Type", "application/json").body(json.getBytes(UTF_8));
  }

  /** A failure with the Hub's code of it. */
  public static Answer failure(int status, String code, String message) {
    return of(status)
        .with("X-Error-Code", code)
        .with("X-Error-Message", message)
        .body(("{\"error\":\"" + message + "\"}").getBytes(UTF_8));
  }

  /** The same with one header more. */
  public Answer with(String name, String value) {
    var all = new LinkedHashMap<>(headers);
    all.put(name, value);
    return new Answer(status, all, body, cut);
  }

  /** The same with a body. */
  public Answer body(byte[] bytes) {
    return new Answer(status, headers, bytes, cut);
  }

  /** The same, but the connection is closed after so many bytes of the body. */
  public Answer cutAfter(int bytes) {
    return new Answer(status, headers, body, bytes);
  }
}

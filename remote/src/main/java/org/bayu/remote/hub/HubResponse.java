package org.bayu.remote.hub;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpRetryException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.Optional;

/** An answer of the Hub, whose body is read from the connection. */
final class HubResponse implements Closeable {
  /** Longer answers than this are no JSON. */
  private static final int MAX_JSON = 200_000_000;

  private final HttpURLConnection connection;
  private final URI uri;
  private final int status;

  /** Waits for the beginning of the answer. */
  HubResponse(HttpURLConnection connection, URI uri) throws IOException {
    this.connection = connection;
    this.uri = uri;
    status = status(connection);
    if (status < 0) {
      throw new IOException("no HTTP");
    }
  }

  private static int status(HttpURLConnection connection) throws IOException {
    try {
      return connection.getResponseCode();
    } catch (HttpRetryException e) {
      return e.responseCode(); // 401 to a body that was streamed
    }
  }

  /** The address that answered, behind all redirects. */
  URI uri() {
    return uri;
  }

  int status() {
    return status;
  }

  boolean isSuccess() {
    return status / 100 == 2;
  }

  Optional<String> header(String name) {
    return Optional.ofNullable(connection.getHeaderField(name));
  }

  /** The body of a success. It ends early without a word where the connection is cut. */
  InputStream body() throws IOException {
    return connection.getInputStream();
  }

  /** The whole body of a success. */
  byte[] bytes() throws IOException {
    var bytes = body().readNBytes(MAX_JSON);
    var length = connection.getContentLengthLong();
    if (length >= 0 && bytes.length != length) {
      throw new IOException("cut after " + bytes.length + " of " + length + " bytes");
    }
    return bytes;
  }

  /** Lets the connection be used again if its body was read to the end; else closes it. */
  @Override
  public void close() throws IOException {
    var errors = connection.getErrorStream();
    if (errors != null) {
      errors.close();
    } else if (isSuccess()) {
      connection.getInputStream().close();
    }
  }

  /** Closes the connection: nobody waits for the rest of the body. */
  void abort() {
    connection.disconnect();
  }
}

package org.bayu.remote.standin;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A small HTTP/1.1 server on a free port of 127.0.0.1. It keeps what it was asked, and can give
 * other answers for a while.
 */
public final class StandInServer implements AutoCloseable {
  private final ServerSocket socket;
  private final List<Question> questions = new CopyOnWriteArrayList<>();
  private final List<Function<Question, Optional<Answer>>> faults = new CopyOnWriteArrayList<>();
  private final List<Socket> connections = new CopyOnWriteArrayList<>();
  private final Function<Question, Answer> answers;

  /** Begins to listen. */
  public StandInServer(int port, Function<Question, Answer> answers) throws IOException {
    this.answers = answers;
    socket = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  /** The address on the host {@code 127.0.0.1}, or on {@code localhost} for a second host. */
  public String url(String host) {
    return "http://" + host + ":" + socket.getLocalPort();
  }

  /** The address. */
  public String url() {
    return url("127.0.0.1");
  }

  /** What was asked so far. */
  public List<Question> questions() {
    return List.copyOf(questions);
  }

  /** Forgets what was asked. */
  public void forget() {
    questions.clear();
  }

  /** Asked before each answer; a value is the answer. */
  public void fault(Function<Question, Optional<Answer>> fault) {
    faults.add(fault);
  }

  /** Gives the next so many requests whose target contains a text another answer. */
  public void fail(int times, String part, Answer answer) {
    var left = new int[] {times};
    fault(
        question -> {
          synchronized (left) {
            return question.target().contains(part) && left[0]-- > 0
                ? Optional.of(answer)
                : Optional.empty();
          }
        });
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        var connection = socket.accept();
        connections.add(connection);
        Thread.ofVirtual().start(() -> serve(connection));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      connection.setTcpNoDelay(true);
      var in = new BufferedInputStream(connection.getInputStream());
      var out = new BufferedOutputStream(connection.getOutputStream());
      for (var question = read(in, out); question != null; question = read(in, out)) {
        if (socket.isClosed()) {
          return;
        }
        questions.add(question);
        if (!write(question, answer(question), out)) {
          return;
        }
      }
    } catch (IOException e) {
      // the client has gone
    }
  }

  private Answer answer(Question question) {
    for (var fault : faults) {
      var answer = fault.apply(question);
      if (answer.isPresent()) {
        return answer.get();
      }
    }
    try {
      return answers.apply(question);
    } catch (RuntimeException e) {
      return Answer.failure(500, "", String.valueOf(e));
    }
  }

  private static @Nullable Question read(InputStream in, OutputStream out) throws IOException {
    var first = line(in);
    if (first.isEmpty()) {
      return null;
    }
    var parts = first.split(" ", 3);
    var headers = new LinkedHashMap<String, String>();
    for (var line = line(in); !line.isEmpty(); line = line(in)) {
      var colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    if (headers.containsKey("expect")) {
      out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(ISO_8859_1));
      out.flush();
    }
    return new Question(parts[0], parts[1], Map.copyOf(headers), body(in, headers));
  }

  private static byte[] body(InputStream in, Map<String, String> headers) throws IOException {
    if (!headers.getOrDefault("transfer-encoding", "").equals("chunked")) {
      return in.readNBytes(Integer.parseInt(headers.getOrDefault("content-length", "0")));
    }
    var bytes = new ByteArrayOutputStream();
    for (var size = Integer.parseInt(line(in), 16);
        size > 0;
        size = Integer.parseInt(line(in), 16)) {
      bytes.write(in.readNBytes(size));
      line(in);
    }
    line(in);
    return bytes.toByteArray();
  }

  private static String line(InputStream in) throws IOException {
    var line = new ByteArrayOutputStream();
    for (var c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      if (c != '\r') {
        line.write(c);
      }
    }
    return line.toString(ISO_8859_1);
  }

  /** Whether the connection can be used further. */
  private static boolean write(Question question, Answer answer, OutputStream out)
      throws IOException {
    var head = new StringBuilder("HTTP/1.1 " + answer.status() + " Status\r\n");
    answer.headers().forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
    if (!answer.headers().containsKey("Content-Length")) {
      head.append("Content-Length: " + answer.body().length + "\r\n");
    }
    out.write(head.append("\r\n").toString().getBytes(ISO_8859_1));
    if (!question.method().equals("HEAD")) {
      out.write(answer.body(), 0, answer.cut() < 0 ? answer.body().length : answer.cut());
    }
    out.flush();
    return answer.cut() < 0;
  }

  @Override
  public void close() throws IOException {
    socket.close();
    for (var connection : connections) {
      connection.close();
    }
  }
}

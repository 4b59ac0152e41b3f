package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Sockets and NUMA nodes of the machine, and which of its processors and memory this process may
 * use. From Linux's {@code /sys/devices/system} and {@code /proc/self/status}; lists of processors
 * and nodes are as there, {@code 0-3,8}.
 *
 * @param sockets how many there are
 * @param nodes the NUMA nodes, by number
 * @param online all processors
 * @param allowedProcessors those that the process may run on
 * @param allowedNodes the nodes whose memory it may use
 */
record MachineLayout(
    int sockets, List<Node> nodes, String online, String allowedProcessors, String allowedNodes) {
  private static final Pattern NODE = Pattern.compile("node(\\d+)");
  private static final Pattern PROCESSOR = Pattern.compile("cpu\\d+");
  private static final Pattern TOTAL = Pattern.compile("MemTotal:\\s*(\\d+) kB");

  /**
   * A NUMA node.
   *
   * @param number its number
   * @param processors those next to its memory
   * @param memoryBytes its memory
   */
  record Node(int number, String processors, long memoryBytes) {}

  /** That of this machine; empty on systems other than Linux. */
  static Optional<MachineLayout> here() {
    try {
      return Optional.of(read(Path.of("/sys/devices/system"), Path.of("/proc/self/status")));
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  static MachineLayout read(Path system, Path status) throws IOException {
    var lines = Files.readAllLines(status);
    return new MachineLayout(
        sockets(system.resolve("cpu")),
        nodes(system.resolve("node")),
        Files.readString(system.resolve("cpu/online")).strip(),
        value(lines, "Cpus_allowed_list:"),
        value(lines, "Mems_allowed_list:"));
  }

  /** Whether the process may use all processors. */
  boolean isUnbound() {
    return allowedProcessors.equals(online);
  }

  private static int sockets(Path folder) throws IOException {
    var packages = new HashSet<String>();
    for (var processor : children(folder, PROCESSOR)) {
      var file = processor.resolve("topology/physical_package_id"); // missing if it is offline
      if (Files.exists(file)) {
        packages.add(Files.readString(file).strip());
      }
    }
    return packages.size();
  }

  private static List<Node> nodes(Path folder) throws IOException {
    var nodes = new ArrayList<Node>();
    for (var path : children(folder, NODE)) {
      var name = NODE.matcher(path.getFileName().toString());
      var memory = TOTAL.matcher(Files.readString(path.resolve("meminfo")));
      if (name.matches() && memory.find()) {
        nodes.add(
            new Node(
                Integer.parseInt(name.group(1)),
                Files.readString(path.resolve("cpulist")).strip(),
                Long.parseLong(memory.group(1)) << 10));
      }
    }
    nodes.sort(Comparator.comparingInt(Node::number));
    return nodes;
  }

  private static List<Path> children(Path folder, Pattern name) throws IOException {
    DirectoryStream.Filter<Path> filter =
        path -> name.matcher(path.getFileName().toString()).matches();
    var found = new ArrayList<Path>();
    if (Files.isDirectory(folder)) { // a system without NUMA has no folder of nodes
      try (var paths = Files.newDirectoryStream(folder, filter)) {
        paths.forEach(found::add);
      }
    }
    return found;
  }

  private static String value(List<String> lines, String key) throws IOException {
    for (var line : lines) {
      if (line.startsWith(key)) {
        return line.substring(key.length()).strip();
      }
    }
    throw new IOException("no " + key);
  }
}

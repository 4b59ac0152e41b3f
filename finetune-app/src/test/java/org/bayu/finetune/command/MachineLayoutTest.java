package org.bayu.finetune.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineLayoutTest {
  @TempDir Path folder = Path.of("");

  private void write(String file, String text) throws IOException {
    var path = folder.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  @Test
  void twoSocketsOfFourProcessorsWithAProcessBoundToOne() throws IOException {
    write("cpu/online", "0-3\n");
    for (int cpu = 0; cpu < 4; cpu++) {
      write("cpu/cpu" + cpu + "/topology/physical_package_id", cpu % 2 + "\n");
    }
    write("cpu/cpufreq/boost", "1\n");
    for (int node = 0; node < 2; node++) {
      write("node/node" + node + "/cpulist", node + "," + (node + 2) + "\n");
      var total = "Node " + node + " MemTotal:       " + 1024 * (node + 1) + " kB\n";
      write("node/node" + node + "/meminfo", total + "Node " + node + " MemFree: 7 kB\n");
    }
    write("status", "Name:\tjava\nCpus_allowed_list:\t0,2\nMems_allowed_list:\t0\n");
    var layout = MachineLayout.read(folder, folder.resolve("status"));
    var nodes =
        List.of(
            new MachineLayout.Node(0, "0,2", 1 << 20), new MachineLayout.Node(1, "1,3", 2 << 20));
    assertEquals(new MachineLayout(2, nodes, "0-3", "0,2", "0"), layout);
    assertFalse(layout.isUnbound());
  }

  @Test
  void aSystemWithoutNumaHasNoNodes() throws IOException {
    write("cpu/online", "0\n");
    write("cpu/cpu0/topology/physical_package_id", "0\n");
    write("status", "Cpus_allowed_list:\t0\nMems_allowed_list:\t0\n");
    var layout = MachineLayout.read(folder, folder.resolve("status"));
    assertEquals(new MachineLayout(1, List.of(), "0", "0", "0"), layout);
    assertTrue(layout.isUnbound());
  }

  @Test
  void thisMachineHasASocketAndAProcessor() {
    assumeTrue(Files.exists(Path.of("/sys/devices/system/cpu/online")), "not Linux");
    var layout = MachineLayout.here().orElseThrow();
    assertTrue(layout.sockets() > 0, layout.toString());
    assertFalse(layout.allowedProcessors().isEmpty(), layout.toString());
  }
}

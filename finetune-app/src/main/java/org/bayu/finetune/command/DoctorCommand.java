package org.bayu.finetune.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.Failure;
import org.bayu.finetune.model.Models;
import org.bayu.tensor.device.DeviceReport;
import org.bayu.tensor.device.Devices;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Says what this machine can do, and what keeps Bayu from it. */
@Command(
    name = "doctor",
    description =
        "Show the processor, which kernels are used and why, and measure how fast they are.")
final class DoctorCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws JsonProcessingException {
    spec.commandLine().getErr().println("Measuring, for some seconds ...");
    try (var device = Devices.cpu()) {
      var report = DeviceReport.of(device);
      if (json) {
        var fields = fields(report);
        MachineLayout.here().ifPresent(layout -> fields.putAll(fields(layout)));
        fields.put("hub", hub());
        spec.commandLine().getOut().println(new ObjectMapper().writeValueAsString(fields));
      } else {
        print(report, spec.commandLine().getOut());
        MachineLayout.here().ifPresent(layout -> print(layout, spec.commandLine().getOut()));
        spec.commandLine().getOut().println("Hugging Face Hub   " + hub());
      }
    }
    return ExitCode.DONE;
  }

  /** Where models by name come from. The token itself is not shown. */
  private String hub() {
    try (var models = new Models(runner.environment(), spec.commandLine().getErr())) {
      var hub = models.files().hub();
      return "%s, %s, cache in %s"
          .formatted(
              hub.offline() ? "offline (HF_HUB_OFFLINE)" : hub.endpoint(),
              hub.token().isPresent() ? "with a token" : "without a token",
              hub.cache());
    } catch (IOException e) {
      return Failure.of(e).message();
    }
  }

  private static Map<String, Object> fields(DeviceReport report) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("tier", report.tier());
    fields.put("reason", report.reason());
    fields.put("micro_kernel", report.microKernel());
    fields.put("cpu", report.cpu());
    fields.put("features", report.features());
    fields.put("threads", report.threads());
    fields.put("peak_f32_gflops", report.peakF32Gflops());
    fields.put("peak_bf16_gflops", report.peakBf16Gflops());
    fields.put("gemm_f32_gflops", report.gemmF32Gflops());
    fields.put("gemm_bf16_gflops", report.gemmBf16Gflops());
    fields.put("bandwidth_gb_per_s", report.bandwidthGbPerSecond());
    fields.put("attention_gflops", report.attentionGflops());
    fields.put("adamw_gb_per_s", report.adamWGbPerSecond());
    fields.put("warnings", report.warnings());
    return fields;
  }

  private static void print(MachineLayout layout, PrintWriter out) {
    var nodes = layout.nodes();
    out.printf(
        Locale.ROOT, "Sockets            %d, NUMA nodes: %d%n", layout.sockets(), nodes.size());
    for (var node : nodes.size() > 1 ? nodes : List.<MachineLayout.Node>of()) {
      var gibibytes = (double) node.memoryBytes() / (1 << 30);
      out.printf(Locale.ROOT, "NUMA node %-8d ", node.number());
      out.printf(Locale.ROOT, "processors %s, %.1f GiB%n", node.processors(), gibibytes);
    }
    out.printf(
        "Binding            %s%n",
        layout.isUnbound()
            ? "none: all processors"
            : "processors %s of %s, memory of nodes %s"
                .formatted(layout.allowedProcessors(), layout.online(), layout.allowedNodes()));
  }

  private static Map<String, Object> fields(MachineLayout layout) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("sockets", layout.sockets());
    fields.put(
        "numa_nodes",
        layout.nodes().stream()
            .map(
                node ->
                    Map.of(
                        "node", node.number(),
                        "processors", node.processors(),
                        "memory_bytes", node.memoryBytes()))
            .toList());
    fields.put("processors", layout.online());
    fields.put("allowed_processors", layout.allowedProcessors());
    fields.put("allowed_nodes", layout.allowedNodes());
    return fields;
  }

  private static void print(DeviceReport report, PrintWriter out) {
    out.printf(Locale.ROOT, "Processor          %s, %d threads%n", report.cpu(), report.threads());
    if (!report.features().isEmpty()) {
      out.printf("Features           %s%n", String.join(" ", report.features()));
    }
    out.printf("Kernels            %s (%s)%n", report.tier(), report.reason());
    out.printf("Micro-kernel       %s%n", report.microKernel());
    printProducts(out, "f32", report.gemmF32Gflops(), report.peakF32Gflops());
    printProducts(out, "bf16", report.gemmBf16Gflops(), report.peakBf16Gflops());
    out.printf(Locale.ROOT, "Attention, bf16    %.0f GFLOP/s%n", report.attentionGflops());
    out.printf(Locale.ROOT, "Memory, reading    %.1f GB/s%n", report.bandwidthGbPerSecond());
    out.printf(Locale.ROOT, "AdamW              %.1f GB/s%n", report.adamWGbPerSecond());
    report.warnings().forEach(warning -> out.println("Warning: " + warning));
  }

  private static void printProducts(PrintWriter out, String type, double rate, double peak) {
    out.printf(Locale.ROOT, "Products, %-8s %.1f GFLOP/s", type, rate);
    if (peak > 0) {
      out.printf(Locale.ROOT, ", %.0f %% of the peak of %.0f", 100 * rate / peak, peak);
    }
    out.println();
  }
}

package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.Test;

class DoctorCommandTest {
  @Test
  void theJsonHasWhatProgramsAskFor() throws IOException {
    var environment = new HashMap<>(CommandLineRun.OFFLINE);
    environment.put("HF_TOKEN", "hf_secret");
    var run = CommandLineRun.of(environment, "doctor", "--json");
    assertEquals(ExitCode.DONE, run.exitCode());
    var report = new ObjectMapper().readTree(run.out());
    assertTrue(Set.of("machine", "vector", "scalar").contains(report.get("tier").textValue()));
    assertTrue(!report.get("reason").textValue().isEmpty());
    var microKernel = report.get("micro_kernel").textValue();
    assertTrue(microKernel.matches("\\d+×\\d+.*"), microKernel);
    assertTrue(!report.get("cpu").textValue().isEmpty());
    assertEquals(Runtime.getRuntime().availableProcessors(), report.get("threads").intValue());
    for (var figure :
        List.of(
            "peak_f32_gflops",
            "peak_bf16_gflops",
            "gemm_f32_gflops",
            "gemm_bf16_gflops",
            "bandwidth_gb_per_s",
            "attention_gflops",
            "adamw_gb_per_s")) {
      assertTrue(report.get(figure).doubleValue() > 0, figure + ": " + report);
    }
    // No product from memory is faster than one from registers; a busy machine may hit the peak
    // less than the product.
    assertTrue(
        report.get("gemm_bf16_gflops").doubleValue()
            < 2 * report.get("peak_bf16_gflops").doubleValue(),
        report.toString());
    assertTrue(report.get("warnings").isArray());
    if (Files.exists(Path.of("/sys/devices/system/cpu/online"))) {
      assertTrue(report.get("sockets").intValue() > 0, report.toString());
      assertFalse(report.get("allowed_processors").textValue().isEmpty(), report.toString());
    }
    assertEquals(
        "offline (HF_HUB_OFFLINE), with a token, cache in /nowhere/hub",
        report.get("hub").textValue());
    assertFalse(run.out().contains("secret"));
  }
}

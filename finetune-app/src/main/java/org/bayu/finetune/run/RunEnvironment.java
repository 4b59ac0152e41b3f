package org.bayu.finetune.run;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bayu.tensor.Device;
import org.bayu.tensor.device.DeviceReport;
import org.bayu.train.plan.MachineMemory;
import org.bayu.train.plan.MemoryPlan;

/** What a run is computed by, for whoever compares runs. Nothing says whose machine it is. */
final class RunEnvironment {
  private RunEnvironment() {}

  static Map<String, String> of(Device device) {
    var environment = new LinkedHashMap<String, String>();
    var version = RunEnvironment.class.getPackage().getImplementationVersion();
    environment.put("bayu", version == null ? "(not packaged)" : version);
    environment.put("java", System.getProperty("java.vm.name") + " " + Runtime.version());
    environment.put(
        "system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    environment.put("processor", DeviceReport.processor());
    environment.put("threads", Integer.toString(device.threads()));
    environment.put("kernels", device.instructions());
    environment.put("memory", MemoryPlan.gib(MachineMemory.current().totalBytes()));
    return environment;
  }
}

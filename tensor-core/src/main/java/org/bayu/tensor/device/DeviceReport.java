package org.bayu.tensor.device;

import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.KernelProvider;

/**
 * What a device is and how fast it computes, measured: medians of several runs on all its threads.
 *
 * @param tier the kernels in use: {@code machine}, {@code vector} or {@code scalar}
 * @param reason why these kernels are in use
 * @param microKernel rows × columns that the inner loop of products computes at a time; in machine
 *     code also how it reads the left operand, and why this form is used
 * @param cpu the processor's name, or its architecture if the name is unknown
 * @param features those of its vector extensions that Bayu uses, as far as they can be detected
 * @param threads that compute
 * @param peakF32Gflops multiply-adds from registers alone, 10⁹ operations a second; 0 if unknown
 * @param peakBf16Gflops the same for bf16 products summed in f32; the value of f32 if the tier has
 *     no instruction for them
 * @param gemmF32Gflops Y = X·Wᵀ, including the packing of W
 * @param gemmBf16Gflops the same in bf16
 * @param bandwidthGbPerSecond reading memory, 10⁹ bytes a second
 * @param attentionGflops causal attention of 512 tokens, 32 heads of 64, bf16, forward and
 *     backward; only the visible half counts
 * @param adamWGbPerSecond the optimizer's update, bytes read and written
 * @param warnings sentences about what is slower than it should be, and why
 */
public record DeviceReport(
    String tier,
    String reason,
    String microKernel,
    String cpu,
    List<String> features,
    int threads,
    double peakF32Gflops,
    double peakBf16Gflops,
    double gemmF32Gflops,
    double gemmBf16Gflops,
    double bandwidthGbPerSecond,
    double attentionGflops,
    double adamWGbPerSecond,
    List<String> warnings) {
  /** Measures what a device can do; takes some seconds and half a gigabyte of memory. */
  public static DeviceReport of(Device device) {
    return new DeviceMeasurement((CpuDevice) device).run();
  }

  /** The processor's name, or its architecture if the name is unknown. Measures nothing. */
  public static String processor() {
    return KernelProvider.processor().name();
  }

  /**
   * The device's peak rate of multiply-adds, from registers alone, in 10⁹ operations a second; 0 if
   * it cannot be measured. The measurement takes a quarter of a second; with vector kernels, which
   * Java compiles meanwhile, one or more.
   *
   * @param operands F32 or BF16
   */
  public static double peakGflops(Device device, DType operands) {
    return new DeviceMeasurement((CpuDevice) device).peak(operands);
  }

  /**
   * The same once more, in a few milliseconds: a virtual machine's processors may have become
   * faster since, where the host gave them another core.
   */
  public static double peakGflopsAgain(Device device, DType operands) {
    return new DeviceMeasurement((CpuDevice) device).peakAgain(operands);
  }
}

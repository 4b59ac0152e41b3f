package org.bayu.tensor.device;

import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.internal.CpuDevice;

/**
 * What a device is and how fast it computes, measured: medians of several runs on all its threads.
 *
 * @param tier the kernels in use: {@code machine}, {@code vector} or {@code scalar}
 * @param reason why these
 * @param cpu the processor's name, or its architecture where that is all there is to know
 * @param features its vector extensions that Bayu has a use for, as far as they can be asked for
 * @param threads that compute
 * @param peakF32Gflops multiply-adds from registers alone, 10⁹ operations a second; 0 if unknown
 * @param peakBf16Gflops the same of bf16 products summed in f32; those of f32 where the tier has no
 *     instruction for them
 * @param gemmF32Gflops Y = X·Wᵀ, with W as it lies in memory and its packing included
 * @param gemmBf16Gflops the same in bf16
 * @param bandwidthGbPerSecond reading memory, 10⁹ bytes a second
 * @param attentionGflops causal attention of 512 tokens, 32 heads of 64, bf16, forward and
 *     backward, the visible half counted
 * @param adamWGbPerSecond the optimizer's update, bytes read and written
 * @param warnings sentences about what is slower than it should be, and why
 */
public record DeviceReport(
    String tier,
    String reason,
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

  /**
   * The most multiply-adds that a device can do, from registers alone, measured in about a second:
   * 10⁹ operations a second; 0 if it cannot be measured.
   *
   * @param operands F32 or BF16
   */
  public static double peakGflops(Device device, DType operands) {
    return new DeviceMeasurement((CpuDevice) device).peak(operands);
  }
}

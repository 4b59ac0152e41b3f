/**
 * Devices, and measurements of what they can do: {@link org.bayu.tensor.device.Devices} and {@link
 * org.bayu.tensor.device.DeviceReport}.
 *
 * <pre>{@code
 * try (var device = Devices.cpu()) {
 *   System.out.println(DeviceReport.of(device).gemmF32Gflops());
 * }
 * }</pre>
 */
@NullMarked
package org.bayu.tensor.device;

import org.jspecify.annotations.NullMarked;

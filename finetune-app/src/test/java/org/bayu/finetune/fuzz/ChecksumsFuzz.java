package org.bayu.finetune.fuzz;

/** {@code checksums.json} of a run's checkpoint. */
public final class ChecksumsFuzz {
  static final FuzzedFile FILE = CheckpointFuzz.checksums();

  private ChecksumsFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }
}

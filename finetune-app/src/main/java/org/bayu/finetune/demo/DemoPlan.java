package org.bayu.finetune.demo;

/**
 * How a demo trains.
 *
 * @param steps of each run
 * @param batchSize rows of a step
 * @param fullRate the highest learning rate with all weights
 * @param loraRate the highest learning rate with LoRA
 * @param rank of LoRA
 */
public record DemoPlan(int steps, int batchSize, double fullRate, double loraRate, int rank) {

  /** Enough for sentences about trails. */
  public static final DemoPlan TRAILS = new DemoPlan(240, 16, 1.5e-3, 8e-3, 8);

  /** Enough for ViGGO's 5,103 rows: each is seen five times. */
  public static final DemoPlan VIGGO = new DemoPlan(800, 32, 1e-3, 4e-3, 16);
}

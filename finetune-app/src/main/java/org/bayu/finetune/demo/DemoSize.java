package org.bayu.finetune.demo;

/**
 * How much a demo does.
 *
 * @param baseRows training rows of the base task
 * @param changedRows training rows of the changed task
 * @param validationRows validation rows of each task
 * @param baseSteps steps that make the base model
 * @param tuneSteps steps of each fine-tuning
 * @param model the file beside this class that configures the model
 */
public record DemoSize(
    int baseRows, int changedRows, int validationRows, int baseSteps, int tuneSteps, String model) {

  /** Enough to learn both tasks. */
  public static final DemoSize STANDARD = new DemoSize(8000, 2000, 200, 640, 300, "config.json");
}

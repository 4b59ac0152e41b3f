/**
 * The class to begin with: {@link org.bayu.train.finetune.FineTuning} puts a fine-tuning together
 * from a model folder, rows and settings.
 *
 * {@snippet :
 * try (var base = ModelFolder.open(Path.of("Llama-2-7b-hf"));
 *     var device = Devices.cpu()) {
 *   var rows = List.of(PromptedRow.of("The dog of the mill is", " called Bruno."));
 *   var data = new ExampleTokenizer(base.tokenizer(), 512).examples(rows);
 *   var settings = TrainSettings.of(100, 1, 1e-2);
 *   var lora = Adaptation.lora(LoraConfig.DEFAULT);
 *   try (var tuning = FineTuning.open(base, lora, data, null, settings, device)) {
 *     tuning.trainer().listen(report -> System.err.println(report.loss()));
 *     tuning.trainer().run();
 *     tuning.save(Path.of("adapter"));
 *   }
 * }
 * }
 */
@NullMarked
package org.bayu.train.finetune;

import org.jspecify.annotations.NullMarked;

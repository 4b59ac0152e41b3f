/** Fine-tuning: the training loop with its data, memory plan, saves and trackers. */
module org.bayu.train {
  requires transitive org.bayu.collectives;
  requires transitive org.bayu.llama;
  requires transitive org.bayu.lora;
  requires transitive com.fasterxml.jackson.databind;
  requires transitive it.unimi.dsi.fastutil.core;
  requires java.management;
  requires java.net.http;
  requires jdk.management;
  requires static transitive org.jspecify;

  exports org.bayu.train;
  exports org.bayu.train.checkpoint;
  exports org.bayu.train.data;
  exports org.bayu.train.files;
  exports org.bayu.train.finetune;
  exports org.bayu.train.plan;
  exports org.bayu.train.track;
  exports org.bayu.train.track.report;
  exports org.bayu.train.track.tensorboard;
  exports org.bayu.train.track.wandb;

  uses org.bayu.train.data.RowFormat;

  // Jackson reads and writes what a checkpoint says of its files.
  opens org.bayu.train.checkpoint to
      com.fasterxml.jackson.databind;
}

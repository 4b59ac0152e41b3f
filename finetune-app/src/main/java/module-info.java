/** The application: prepare, train, evaluate, generate, merge. */
module org.bayu.finetune {
  requires com.fasterxml.jackson.databind;
  requires com.fasterxml.jackson.dataformat.yaml;
  requires info.picocli;
  requires jdk.unsupported; // signals
  requires it.unimi.dsi.fastutil.core;
  requires org.bayu.remote;
  requires org.bayu.train;
  requires static transitive org.jspecify;

  opens org.bayu.finetune to
      info.picocli;
  opens org.bayu.finetune.command to
      info.picocli;

  // Jackson writes the records of a configuration and of an evaluation.
  exports org.bayu.finetune.config to
      com.fasterxml.jackson.databind;
  exports org.bayu.finetune.evaluate to
      com.fasterxml.jackson.databind;
}

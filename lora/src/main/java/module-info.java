/** Low-rank adapters (LoRA) in PEFT's layout. */
module org.bayu.lora {
  requires transitive org.bayu.tensor;
  requires com.fasterxml.jackson.databind;
  requires static transitive org.jspecify;

  exports org.bayu.lora;
}

package org.bayu.llama;

import org.bayu.tensor.nn.Embedding;
import org.bayu.tensor.nn.Linear;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.nn.RmsNorm;

/**
 * Modules from weights: the names in the checkpoint are the paths of construction, so that loading
 * is construction.
 */
record ParameterSource(Weights weights, ModelPart part, String prefix) {
  ParameterSource at(String name) {
    return new ParameterSource(weights, part, prefix.isEmpty() ? name : prefix + "." + name);
  }

  Linear linear(boolean withBias) {
    return new Linear(parameter("weight", true), withBias ? parameter("bias", false) : null);
  }

  RmsNorm norm(LlamaConfig config) {
    return new RmsNorm(parameter("weight", false), (float) config.rmsNormEps());
  }

  Embedding embedding() {
    return new Embedding(parameter("weight", false));
  }

  private Parameter parameter(String name, boolean decays) {
    var full = prefix + "." + name;
    return new Parameter(full, weights.tensor(full), decays, part.of(full));
  }
}

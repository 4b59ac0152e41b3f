package org.bayu.tensor.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.nn.Parameter;
import org.junit.jupiter.api.Test;

/** Against formulas evaluated in double precision by tools/golden/make_tensors.py. */
class OptimizerGoldenTest {
  private static JsonNode golden(String name) throws IOException {
    try (var in = OptimizerGoldenTest.class.getResourceAsStream("/golden/" + name)) {
      return new ObjectMapper().readTree(in);
    }
  }

  private static float[] floats(JsonNode numbers) {
    var values = new float[numbers.size()];
    for (var i = 0; i < values.length; i++) {
      values[i] = (float) numbers.get(i).doubleValue();
    }
    return values;
  }

  @Test
  void adamWFollowsTheFormula() throws IOException {
    for (var run : golden("adamw.json")) {
      try (var arena = Arena.ofShared();
          var device = Devices.cpu(2)) {
        var start = floats(run.get("parameters"));
        var parameter =
            new Parameter("p", Tensor.ofFloats(arena, Shape.of(start.length), start), true);
        parameter.train(arena);
        var settings =
            new AdamW.Settings(
                run.get("beta1").doubleValue(),
                run.get("beta2").doubleValue(),
                run.get("epsilon").doubleValue(),
                run.get("weightDecay").doubleValue());
        try (var gradients = new Gradients(List.of(parameter.value()));
            var adamW = new AdamW(device, List.of(parameter), settings)) {
          for (var step = 0; step < run.get("gradients").size(); step++) {
            var gradient = floats(run.get("gradients").get(step));
            for (var i = 0; i < gradient.length; i++) {
              gradients.of(parameter.value()).setFloat(i, gradient[i]);
            }
            var rate = run.get("learningRates").get(step).doubleValue();
            adamW.step(gradients, rate, 1);
            for (var i = 0; i < gradient.length; i++) {
              var expected = run.get("after").get(step).get(i).doubleValue();
              // A few roundings of p a step, and of the update, some 30 operations of 2^-24 each.
              var tolerance =
                  (step + 1) * (3 * Math.ulp((float) expected) + rate * 40 * Math.ulp(1f));
              assertEquals(expected, parameter.value().getFloat(i), tolerance, run + " " + step);
            }
          }
        }
      }
    }
  }

  @Test
  void parametersThatDoNotDecayAreOnlyMovedByGradients() {
    try (var arena = Arena.ofShared();
        var device = Devices.cpu(1)) {
      var bias = new Parameter("bias", Tensor.ofFloats(arena, Shape.of(1), 5), false);
      bias.train(arena);
      try (var gradients = new Gradients(List.of(bias.value()));
          var adamW = new AdamW(device, List.of(bias), new AdamW.Settings(0.9, 0.95, 1e-8, 0.1))) {
        adamW.step(gradients, 1, 1);
        assertEquals(5, bias.value().getFloat(0));
      }
    }
  }

  @Test
  void clippingScalesAllGradientsByOneNorm() throws IOException {
    for (var run : golden("clip.json")) {
      try (var arena = Arena.ofShared();
          var device = Devices.cpu(3)) {
        var weights = new ArrayList<Tensor>();
        run.get("gradients")
            .forEach(g -> weights.add(Tensor.ofFloats(arena, Shape.of(g.size()), floats(g))));
        try (var gradients = new Gradients(weights)) {
          weights.forEach(weight -> gradients.of(weight).copyFrom(weight));
          var norm = GradientClip.globalNorm(device, gradients);
          assertEquals(run.get("norm").doubleValue(), norm, norm * Math.ulp(1f), run.toString());
          var scale = GradientClip.scale(norm, run.get("maxNorm").doubleValue());
          for (var i = 0; i < weights.size(); i++) {
            for (var j = 0; j < weights.get(i).elements(); j++) {
              var expected = run.get("clipped").get(i).get(j).doubleValue();
              assertEquals(
                  expected,
                  scale * weights.get(i).getFloat(j),
                  2 * Math.ulp((float) expected),
                  run.toString());
            }
          }
        }
      }
    }
  }

  @Test
  void notFiniteGradientsAreFound() {
    try (var arena = Arena.ofShared();
        var device = Devices.cpu(1)) {
      for (var bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
        assertFalse(GradientClip.isFinite(device, Tensor.ofFloats(arena, Shape.of(3), 1, bad, 2)));
      }
    }
  }

  @Test
  void schedulesFollowLevanter() throws IOException {
    for (var run : golden("schedule.json")) {
      var steps = run.get("steps").intValue();
      var cooldown = run.path("cooldown").asDouble(0);
      var main = steps - LearningRateSchedule.fractionOrSteps(cooldown, steps);
      var schedule =
          new LearningRateSchedule(
              steps,
              new LearningRateSchedule.Settings(
                  run.get("learning_rate").doubleValue(),
                  decay(run.path("lr_schedule")),
                  run.path("min_lr_ratio").asDouble(0.1),
                  run.path("warmup").asDouble(0.01),
                  run.has("decay") ? (Double) run.get("decay").doubleValue() : null,
                  run.path("rewarmup").asDouble(0),
                  cooldown,
                  cycleStarts(run, main)));
      for (var rate : run.get("rates").properties()) {
        var expected = rate.getValue().doubleValue();
        assertEquals(
            expected,
            schedule.rate(Integer.parseInt(rate.getKey())),
            expected * 1e-12,
            run.toString());
      }
    }
  }

  private static Decay decay(JsonNode form) {
    return switch (form.path("type").asText(form.asText("cosine"))) {
      case "constant" -> new Decay.Constant();
      case "linear" -> new Decay.Linear();
      case "inv" -> new Decay.Inv();
      case "inv_sqrt" -> new Decay.InvSqrt(form.path("timescale").asDouble(10_000));
      case "power" ->
          new Decay.Power(
              form.get("batch_size").intValue(),
              form.get("seq_length").intValue(),
              form.path("a").asDouble(4.6),
              form.path("b").asDouble(-0.51));
      default -> new Decay.Cosine(form.path("exponent").asDouble(1));
    };
  }

  private static List<Integer> cycleStarts(JsonNode run, int steps) {
    var starts = new ArrayList<Integer>();
    var cycles = run.path("cycles");
    var length = run.path("cycle_length");
    if (length.isNumber()) {
      return LearningRateSchedule.cyclesOf(
          LearningRateSchedule.fractionOrSteps(length.doubleValue(), steps), steps);
    }
    var end = 0;
    for (var part : length) {
      end += part.intValue();
      starts.add(end);
    }
    cycles.forEach(start -> starts.add(start.intValue()));
    for (var i = 1; cycles.isInt() && i < cycles.intValue(); i++) {
      starts.add((int) ((double) steps / cycles.intValue() * i));
    }
    starts.removeIf(start -> start == steps); // a cycle that ends with the run begins no other one
    return starts;
  }

  private static LearningRateSchedule schedule(
      Decay decay, double warmup, double decaySteps, double cooldown, Integer... starts) {
    return new LearningRateSchedule(
        10,
        new LearningRateSchedule.Settings(
            1, decay, 0, warmup, decaySteps, 0, cooldown, List.of(starts)));
  }

  @Test
  void whatDoesNotFitIntoTheRunIsRefused() {
    var linear = new Decay.Linear();
    schedule(linear, 5, 5, 0);
    assertThrows(IllegalArgumentException.class, () -> schedule(linear, 6, 5, 0));
    assertThrows(IllegalArgumentException.class, () -> schedule(linear, 5, 5, 2));
    assertThrows(IllegalArgumentException.class, () -> schedule(linear, 0, 0, 10));
    assertThrows(IllegalArgumentException.class, () -> schedule(linear, 0, 0, 0, 4, 4));
    assertThrows(IllegalArgumentException.class, () -> schedule(linear, 0, 0, 0, 10));
    assertThrows(IllegalArgumentException.class, () -> schedule(new Decay.Cosine(1), 5, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> schedule(new Decay.Inv(), 0, 0.5, 0));
  }
}

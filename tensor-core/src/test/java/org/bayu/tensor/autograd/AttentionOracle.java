package org.bayu.tensor.autograd;

import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.AttentionSegments.Segment;
import org.bayu.tensor.Tensor;

/**
 * Attention and its gradients by their definition, in double precision, and how far results in bf16
 * may be from them.
 *
 * <p>With u = 2⁻⁸ for a rounding to bf16 and scores in binary32 of up to 256 products, whose error
 * is below 2⁻¹⁵·Σ|q·k|·scale (256 roundings of 2⁻²⁴, more than enough for any order), a weight p is
 * rounded to bf16 and has the relative error e = u + 2·2⁻¹⁵·Σ|q·k|·scale, twice for the score and
 * the sum that it is divided by. So |δy| ≤ Σ e·p·|v| + u·|y|, |δdv| ≤ Σ e·p·|dy| + u·|dv|. The
 * backward pass computes D = dy·y from the rounded y: |δD| ≤ Σ|dy|·|δy|. A score's gradient ds =
 * p·(dp − D) is rounded too: |δds| ≤ e·|ds| + p·(|δD| + 2⁻¹⁵·Σ|dy·v|), and its sums dq and dk have
 * the errors Σ|δds|·|k| and Σ|δds|·|q|, and u of themselves from being stored.
 */
final class AttentionOracle {
  private static final double ROUNDING = 0x1.02p-8; // with room for products of errors
  private static final double SUM = 0x1p-15;

  final double[] y;
  final double[] dq;
  final double[] dk;
  final double[] dv;
  final double[] yError;
  final double[] dqError;
  final double[] dkError;
  final double[] dvError;
  private final Tensor q;
  private final Tensor k;
  private final Tensor v;
  private final Tensor dy;
  private final int headDim;
  private final int group;

  AttentionOracle(
      Tensor q, Tensor k, Tensor v, Tensor dy, AttentionSegments segments, int headDim) {
    this.q = q;
    this.k = k;
    this.v = v;
    this.dy = dy;
    this.headDim = headDim;
    this.group = q.columns() / k.columns();
    y = new double[(int) q.elements()];
    dq = new double[(int) q.elements()];
    dk = new double[(int) k.elements()];
    dv = new double[(int) k.elements()];
    yError = new double[y.length];
    dqError = new double[y.length];
    dkError = new double[dk.length];
    dvError = new double[dk.length];
    for (var segment : segments.segments()) {
      for (var j = 0; j < segment.queryLength(); j++) {
        var seen = seen(segment, j, k.rows());
        for (var head = 0; head < q.columns() / headDim; head++) {
          attend(segment.queryStart() + j, head, seen);
        }
      }
    }
    addRoundings(dq, dqError);
    addRoundings(dk, dkError);
    addRoundings(dv, dvError);
  }

  /** Of what is stored as bf16. */
  private static void addRoundings(double[] values, double[] errors) {
    for (var i = 0; i < values.length; i++) {
      errors[i] += ROUNDING * Math.abs(values[i]);
    }
  }

  /** Whether query j of a segment sees each key. */
  static boolean[] seen(Segment segment, int j, int keys) {
    var seen = new boolean[keys];
    for (var range : segment.context()) {
      for (var key = range.start(); key < range.start() + range.length(); key++) {
        seen[key] = true;
      }
    }
    var own = segment.keyLength() - segment.queryLength() + j + 1;
    for (var key = segment.keyStart(); key < segment.keyStart() + own; key++) {
      seen[key] = true;
    }
    return seen;
  }

  private void attend(int row, int head, boolean[] seen) {
    var scale = 1 / Math.sqrt(headDim);
    var at = row * q.columns() + head * headDim;
    var column = head / group * headDim;
    var p = new double[seen.length];
    var error = new double[seen.length];
    var max = Double.NEGATIVE_INFINITY;
    for (var key = 0; key < seen.length; key++) {
      for (var i = 0; i < headDim; i++) {
        var product = (double) q.getFloat(at + i) * k.getFloat(key * k.columns() + column + i);
        p[key] += product;
        error[key] += Math.abs(product);
      }
      p[key] = seen[key] ? p[key] * scale : Double.NEGATIVE_INFINITY;
      error[key] = ROUNDING + 2 * SUM * error[key] * scale;
      max = Math.max(max, p[key]);
    }
    var sum = 0.0;
    for (var key = 0; key < seen.length; key++) {
      p[key] = Math.exp(p[key] - max);
      sum += p[key];
    }
    var dp = new double[seen.length];
    var dpError = new double[seen.length];
    var mean = 0.0;
    var meanError = 0.0;
    for (var key = 0; key < seen.length; key++) {
      p[key] /= sum;
      for (var i = 0; i < headDim; i++) {
        var keyAt = key * k.columns() + column + i;
        var value = v.getFloat(keyAt);
        var gradient = (double) dy.getFloat(at + i);
        y[at + i] += p[key] * value;
        yError[at + i] += error[key] * p[key] * Math.abs(value);
        dp[key] += gradient * value;
        dpError[key] += SUM * Math.abs(gradient * value);
        dv[keyAt] += p[key] * gradient;
        dvError[keyAt] += error[key] * p[key] * Math.abs(gradient);
      }
      mean += p[key] * dp[key];
    }
    for (var i = 0; i < headDim; i++) {
      yError[at + i] += ROUNDING * Math.abs(y[at + i]);
      meanError += Math.abs(dy.getFloat(at + i)) * yError[at + i];
    }
    for (var key = 0; key < seen.length; key++) {
      var ds = p[key] * (dp[key] - mean) * scale;
      var dsError = error[key] * Math.abs(ds) + p[key] * scale * (meanError + dpError[key]);
      for (var i = 0; i < headDim; i++) {
        var keyAt = key * k.columns() + column + i;
        dq[at + i] += ds * k.getFloat(keyAt);
        dqError[at + i] += dsError * Math.abs(k.getFloat(keyAt));
        dk[keyAt] += ds * q.getFloat(at + i);
        dkError[keyAt] += dsError * Math.abs(q.getFloat(at + i));
      }
    }
  }
}

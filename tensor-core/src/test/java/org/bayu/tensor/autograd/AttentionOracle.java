package org.bayu.tensor.autograd;

import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.AttentionSegments.Segment;

/** Attention and its gradients by their definition, in double precision. */
final class AttentionOracle {
  final double[] y;
  final double[] dq;
  final double[] dk;
  final double[] dv;
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
    for (var segment : segments.segments()) {
      for (var j = 0; j < segment.queryLength(); j++) {
        var seen = seen(segment, j, k.rows());
        for (var head = 0; head < q.columns() / headDim; head++) {
          attend(segment.queryStart() + j, head, seen);
        }
      }
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
    var at = row * q.columns() + head * headDim;
    var column = head / group * headDim;
    var p = new double[seen.length];
    var max = Double.NEGATIVE_INFINITY;
    for (var key = 0; key < seen.length; key++) {
      for (var i = 0; i < headDim; i++) {
        p[key] += (double) q.getFloat(at + i) * k.getFloat(key * k.columns() + column + i);
      }
      p[key] = seen[key] ? p[key] / Math.sqrt(headDim) : Double.NEGATIVE_INFINITY;
      max = Math.max(max, p[key]);
    }
    var sum = 0.0;
    for (var key = 0; key < seen.length; key++) {
      p[key] = Math.exp(p[key] - max);
      sum += p[key];
    }
    var dp = new double[seen.length];
    var mean = 0.0;
    for (var key = 0; key < seen.length; key++) {
      p[key] /= sum;
      for (var i = 0; i < headDim; i++) {
        var keyAt = key * k.columns() + column + i;
        y[at + i] += p[key] * v.getFloat(keyAt);
        dp[key] += (double) dy.getFloat(at + i) * v.getFloat(keyAt);
        dv[keyAt] += p[key] * dy.getFloat(at + i);
      }
      mean += p[key] * dp[key];
    }
    for (var key = 0; key < seen.length; key++) {
      var ds = p[key] * (dp[key] - mean) / Math.sqrt(headDim);
      for (var i = 0; i < headDim; i++) {
        var keyAt = key * k.columns() + column + i;
        dq[at + i] += ds * k.getFloat(keyAt);
        dk[keyAt] += ds * q.getFloat(at + i);
      }
    }
  }
}

#!/bin/sh
# @tensorflow/tfjs 4.22.0 (npm), Node from 20 on with npm.
#
# The gradient of tf.max and tf.min in TensorFlow.js gives each of several equal greatest numbers the whole gradient. A token
# that stands n times in a text has n equal embeddings, and if they are the greatest of a feature, as with max pooling over a
# text (layers.globalMaxPooling1d), its embedding gets n times the gradient that it should: frequent tokens and padding
# learn too fast, and the norm of the gradients is too large. PyTorch and JAX divide the gradient among equal numbers, which
# is what a small change of the embedding says. There is no message.
#
# Whoever pools by the maximum in JavaScript should mask the padding first, and expect other training curves than elsewhere.
#
# Output seen, the derivative of the sum of the maxima by the embedding of the repeated token:
#   tokens 0 1: gradient 1 1, by differences 1 1
#   tokens 0 0 1: gradient 2 2, by differences 1 1
#   tokens 0 0 0 0 0 1: gradient 5 5, by differences 1 1
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"name": "none", "private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @tensorflow/tfjs@4.22.0 >&2
cat >pool.cjs <<'JAVASCRIPT'
const tf = require("@tensorflow/tfjs");

const table = tf.tensor2d([[0.5, 1], [0.25, -1]]);
const pooled = (ids) => (embeddings) => tf.sum(tf.max(tf.gather(embeddings, tf.tensor1d(ids, "int32")), 0));

for (const ids of [[0, 1], [0, 0, 1], [0, 0, 0, 0, 0, 1]]) {
  const gradient = tf.slice(tf.grad(pooled(ids))(table), [0, 0], [1, 2]).dataSync();
  const step = 2 ** -7;
  const differences = [0, 1].map((feature) => {
    const moved = (sign) => tf.add(table, tf.tensor2d([[0, 1].map((i) => (i === feature ? sign * step : 0)), [0, 0]]));
    return (pooled(ids)(moved(1)).dataSync()[0] - pooled(ids)(moved(-1)).dataSync()[0]) / (2 * step);
  });
  console.log(`tokens ${ids.join(" ")}: gradient ${Array.from(gradient).join(" ")}, by differences ${differences.join(" ")}`);
}
JAVASCRIPT
node pool.cjs 2>log >all || { cat log; exit 1; }
grep '^tokens' all >out
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'tokens 0 1: gradient 1 1, by differences 1 1'
expect 'tokens 0 0 1: gradient 2 2, by differences 1 1'
expect 'tokens 0 0 0 0 0 1: gradient 5 5, by differences 1 1'

#!/bin/sh
# @tensorflow/tfjs-core and @tensorflow/tfjs-backend-cpu 4.22.0 (npm), Node from 20 on with npm.
#
# adadelta of TensorFlow.js divides by the average of the squared gradients without the present one. In the first step both
# averages are zero, so their quotient is 1, and it stays 1: the averages of gradients and of updates are the same numbers
# for ever. What remains is gradient descent, whatever rho is: the steps grow with the gradients, and are hundreds of times as
# large as Adadelta's, which do not depend on the gradients' size. There is no message. (PyTorch's first step with these
# numbers is 0.0045.) The other optimizers of the library gave PyTorch's steps; adam is run here.
#
# Whoever trains in JavaScript with a rate of 1, as Adadelta wants it, diverges. Take adam.
#
# Output seen, the steps for a rate of 1 and gradients that stay the same:
#   gradient 0.5, adadelta: first 0.5000, hundredth 0.5000
#   gradient 0.5, sgd: first 0.5000, hundredth 0.5000
#   gradient 0.5, Adadelta's formula: first 0.0045, hundredth 0.0052
#   gradient 0.5, adam: first 1.0000, hundredth 1.0000
#   gradient 10, adadelta: first 10.0000, hundredth 10.0000
#   gradient 10, sgd: first 10.0000, hundredth 10.0000
#   gradient 10, Adadelta's formula: first 0.0045, hundredth 0.0052
#   gradient 10, adam: first 1.0000, hundredth 1.0000
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"name": "none", "private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 >&2
cat >steps.cjs <<'JAVASCRIPT'
const tf = require("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-backend-cpu");

function steps(optimizer, gradient) {
  const weight = tf.variable(tf.scalar(0));
  const steps = [];
  let before = 0;
  for (let i = 0; i < 100; i++) {
    optimizer.applyGradients({ [weight.name]: tf.scalar(gradient) });
    const after = weight.dataSync()[0];
    steps.push(before - after);
    before = after;
  }
  return `first ${steps[0].toFixed(4)}, hundredth ${steps[99].toFixed(4)}`;
}

/** Adadelta as its paper has it. */
function paper(gradient, rho, epsilon) {
  let squares = 0;
  let updates = 0;
  const steps = [];
  for (let i = 0; i < 100; i++) {
    squares = rho * squares + (1 - rho) * gradient ** 2;
    steps.push((Math.sqrt(updates + epsilon) / Math.sqrt(squares + epsilon)) * gradient);
    updates = rho * updates + (1 - rho) * steps[i] ** 2;
  }
  return `first ${steps[0].toFixed(4)}, hundredth ${steps[99].toFixed(4)}`;
}

for (const gradient of [0.5, 10]) {
  console.log(`gradient ${gradient}, adadelta: ${steps(tf.train.adadelta(1, 0.95, 1e-6), gradient)}`);
  console.log(`gradient ${gradient}, sgd: ${steps(tf.train.sgd(1), gradient)}`);
  console.log(`gradient ${gradient}, Adadelta's formula: ${paper(gradient, 0.95, 1e-6)}`);
  console.log(`gradient ${gradient}, adam: ${steps(tf.train.adam(1), gradient)}`);
}
JAVASCRIPT
node steps.cjs 2>log >all || { cat log; exit 1; }
grep '^gradient' all >out
cat out
expect() {
  grep -qxF "$1" out || { echo 'behaves otherwise now'; exit 1; }
}
expect 'gradient 0.5, adadelta: first 0.5000, hundredth 0.5000'
expect 'gradient 0.5, sgd: first 0.5000, hundredth 0.5000'
expect 'gradient 0.5, Adadelta'\''s formula: first 0.0045, hundredth 0.0052'
expect 'gradient 0.5, adam: first 1.0000, hundredth 1.0000'
expect 'gradient 10, adadelta: first 10.0000, hundredth 10.0000'
expect 'gradient 10, sgd: first 10.0000, hundredth 10.0000'
expect 'gradient 10, Adadelta'\''s formula: first 0.0045, hundredth 0.0052'
expect 'gradient 10, adam: first 1.0000, hundredth 1.0000'

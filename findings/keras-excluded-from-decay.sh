#!/bin/sh
# keras 3.15.1 on jax 0.10.2, numpy 2.4.6, CPython 3.
#
# optimizer.exclude_from_weight_decay(var_names=["bias"]) of Keras is not in the optimizer's configuration (get_config), and so
# not in a saved model. load_model, which brings back the weights, the optimizer's state and weight_decay, brings an optimizer
# that decays every weight: biases, norms and embeddings that were excluded shrink from then on. There is no message. The
# model that was saved and the loaded one differ in nothing else.
#
# Whoever goes on from a file must call exclude_from_weight_decay of the loaded model's optimizer again, before training.
#
# Output seen, a bias and a kernel of 1 that get no gradient, rate 0.1, decay 0.5, after 10 steps each:
#   saved model: bias 1.0, kernel 0.599
#   loaded: bias 0.599, kernel 0.599
#   loaded, excluded again: bias 1.0, kernel 0.599
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
KERAS_HOME="$folder" KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$folder/venv/bin/python" - "$folder/model.keras" <<'PYTHON'
import sys

import keras
import numpy

inputs = numpy.zeros((1, 1))


def trained(model):
    layer = model.layers[-1]
    layer.set_weights([numpy.ones((1, 1)), numpy.ones(1)])
    for _ in range(10):
        # The answer is the bias itself, so that there is no gradient.
        model.fit(inputs, layer.bias.numpy().reshape(1, 1), verbose=0)
    return round(float(layer.bias[0]), 3), round(float(layer.kernel[0, 0]), 3)


model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.5)
optimizer.exclude_from_weight_decay(var_names=["bias"])
model.compile(optimizer, "mse")
before = trained(model)
model.save(sys.argv[1])
print("saved model: bias %s, kernel %s" % before)
loaded = trained(keras.models.load_model(sys.argv[1]))
print("loaded: bias %s, kernel %s" % loaded)
again = keras.models.load_model(sys.argv[1])
again.optimizer.exclude_from_weight_decay(var_names=["bias"])
mended = trained(again)
print("loaded, excluded again: bias %s, kernel %s" % mended)
assert before == mended == (1.0, 0.599)
assert loaded == (0.599, 0.599), "behaves otherwise now"
PYTHON

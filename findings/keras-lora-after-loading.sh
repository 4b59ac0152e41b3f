#!/bin/sh
# keras 3.15.1 on jax 0.10.2 (torch as the backend does the same), numpy 2.4.6, CPython 3.
#
# Keras saves a layer with enable_lora() with the adapter merged into the kernel. When it loads such a file into a layer with
# an adapter, it sets both matrices of the adapter to zero. The output is right, but the gradient of either matrix is the
# other one, zero: nothing is learned any more, whatever the rate and however long, without a message. So it is with
# load_weights, and with load_model of a whole model if compile=False. A model that is loaded with its optimizer's state is
# moved from zero by old moments, and by nothing else at first. A new adapter, after enable_lora() of the loaded layer, has
# a random A, and learns.
#
# Whoever goes on with a LoRA training from a file must load into layers without an adapter and enable it afterwards.
#
# Output seen:
#   loss before saving: 2.32 to 1.42
#   loss after loading, 20 epochs: 1.40 to 1.40, A and B zero True, output equal True
#   enabled after loading, 20 epochs: 1.39 to 0.69
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cd "$folder"
KERAS_HOME="$folder" KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy

keras.utils.set_random_seed(0)
inputs = numpy.random.default_rng(0).standard_normal((64, 8), numpy.float32)
targets = inputs[:, ::-1].copy()


def model(adapted):
    layer = keras.layers.Dense(8, use_bias=False, name="layer")
    whole = keras.Sequential([keras.Input((8,)), layer])
    if adapted:
        layer.enable_lora(2)
    return whole, layer


def train(whole):
    whole.compile(keras.optimizers.Adam(0.01), "mse")
    loss = whole.fit(inputs, targets, epochs=20, verbose=0).history["loss"]
    return round(loss[0], 2), round(loss[-1], 2)


first, _ = model(adapted=True)
before = train(first)
first.save_weights("a.weights.h5")
print("loss before saving: %.2f to %.2f" % before)

loaded, layer = model(adapted=True)
loaded.load_weights("a.weights.h5")
equal = numpy.allclose(loaded.predict(inputs, verbose=0), first.predict(inputs, verbose=0), atol=1e-5)
after = train(loaded)
zero = not (numpy.any(layer.lora_kernel_a) or numpy.any(layer.lora_kernel_b))
print("loss after loading, 20 epochs: %.2f to %.2f, A and B zero %s, output equal %s" % (*after, zero, equal))

renewed, layer = model(adapted=False)
renewed.load_weights("a.weights.h5")
layer.enable_lora(2)
new = train(renewed)
print("enabled after loading, 20 epochs: %.2f to %.2f" % new)
assert before[1] < before[0] - 0.2 and new[1] < new[0] - 0.2
assert after[0] == after[1] and zero and equal, "behaves otherwise now"
PYTHON

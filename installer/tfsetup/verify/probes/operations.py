"""Has TensorFlow write down what a model computes: the graph of a prediction, and of a step of training.

The model is a file of Keras, or what a function of the user's own program returns: a model of Keras, or a `tf.function`
with an input signature. The loss is the model's own where one fits its outputs, else the mean of them.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import sys
from typing import Any, Callable, Iterator  # noqa: UP035 - collections.abc.Callable[...] needs Python 3.9

from .channel import Channel


def run(channel: Channel, options: dict[str, Any]) -> None:
    """Write `predict.pb` and `train.pb` into the folder `into`; `model` is a file or `module:function` of `folder`."""
    faulthandler.enable()
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    with channel.phase("model"):
        import tensorflow as tf

        model = _model(tf, options["model"], options["folder"])
        with channel.phase("predict"):
            _write(tf, _prediction(tf, model), options["into"], "predict")
            channel.send("written", name="predict")
        if getattr(model, "trainable_variables", None):
            with channel.phase("train"):
                traced, loss = _training(tf, model)
                _write(tf, traced, options["into"], "train")
                channel.send("written", name="train", loss=loss)
    channel.send("done")


def _model(tf: Any, name: str, folder: str) -> Any:
    os.chdir(folder)
    if os.path.splitext(name)[1] in (".keras", ".h5", ".hdf5"):  # noqa: PTH122 - as a user's own script would
        return tf.keras.models.load_model(name)
    module, _, function = name.rpartition(":")
    sys.path.insert(0, folder)
    return getattr(importlib.import_module(module), function)()


def _prediction(tf: Any, model: Any) -> Any:
    """Return the traced prediction."""
    if hasattr(model, "get_concrete_function"):
        return model.get_concrete_function()
    return tf.function(lambda *inputs: model(_given(inputs), training=False)).get_concrete_function(*_specs(tf, model))


def _specs(tf: Any, model: Any) -> list[Any]:
    if not getattr(model, "inputs", None):
        raise TypeError("the model does not know its inputs: build it, or give it an Input")
    return [tf.TensorSpec(tuple(one.shape), one.dtype) for one in model.inputs]


def _given(inputs: Any) -> Any:
    return inputs[0] if len(inputs) == 1 else list(inputs)


def _training(tf: Any, model: Any) -> tuple[Any, str]:
    """Return the traced step, and which loss it has: the first that fits."""
    optimizer = getattr(model, "optimizer", None) or tf.keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    last: Exception | None = None
    for loss, target in _losses(tf, model):
        try:
            return tf.function(_step(tf, model, optimizer, loss)).get_concrete_function(
                *_specs(tf, model), *target
            ), "mean" if loss is None else "its own"
        except Exception as error:
            last = error
    raise TypeError("no step of training could be traced: " + str(last))


def _losses(tf: Any, model: Any) -> Iterator[tuple[Callable[..., Any] | None, list[Any]]]:
    """Yield losses with the targets they may want: of the outputs' shape, classes by number, then none at all."""
    outputs = list(getattr(model, "outputs", None) or ())
    if getattr(model, "loss", None) and len(outputs) == 1:
        shape = tuple(outputs[0].shape)
        loss = tf.keras.losses.get(model.loss)
        targets = [tf.TensorSpec(shape, outputs[0].dtype), tf.TensorSpec(shape[:-1], "int64")]
        yield from ((loss, [target]) for target in (targets[::-1] if "parse" in str(model.loss) else targets))
    yield None, []


def _step(tf: Any, model: Any, optimizer: Any, loss: Any) -> Callable[..., Any]:
    def step(*given: Any) -> Any:
        inputs = given if loss is None else given[:-1]
        with tf.GradientTape() as tape:
            made = model(_given(inputs), training=True)
            parts = tf.nest.flatten(made) if loss is None else [loss(given[-1], made)]
            total = tf.add_n([tf.reduce_mean(part) for part in parts])
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(total, variables), variables))  # noqa: B905 - Python 3.9
        return total

    return step


def _write(tf: Any, traced: Any, into: str, name: str) -> None:
    """Write a graph as a saved model has it; its signature is everything that stands in it."""
    from tensorflow.core.protobuf import saved_model_pb2
    from tensorflow.python.framework import meta_graph

    graph = traced.graph.as_graph_def()
    saved = saved_model_pb2.SavedModel()
    kept = saved.meta_graphs.add()
    kept.graph_def.CopyFrom(graph)
    kept.meta_info_def.stripped_op_list.CopyFrom(meta_graph.stripped_op_list_for_graph(graph))
    kept.meta_info_def.tensorflow_version = tf.__version__
    for node in graph.node:
        kept.signature_def[name].outputs[node.name].name = node.name + ":0"
    with open(os.path.join(into, name + ".pb"), "wb") as file:  # noqa: PTH118, PTH123 - as above
        file.write(saved.SerializeToString())

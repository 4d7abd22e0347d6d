"""The right answers that a graph is compared with."""

from __future__ import annotations

import numpy as np
import pytest

from support import fake_tensorflow
from tfsetup.verify.checks import conv_relu_graph, dense_relu_graph
from tfsetup.verify.checks.fused import ACTIVATIONS, Graph, activated
from tfsetup.verify.probes.asking import Asked
from tfsetup.verify.probes.numerics import convolution, dense, distance

LINEAR = np.array([-20.0, -1.0, 0.0, 0.5, 7.0])


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("Relu", [0, 0, 0, 0.5, 7]),
        ("Relu6", [0, 0, 0, 0.5, 6]),
        ("Elu", [np.expm1(-20.0), np.expm1(-1.0), 0, 0.5, 7]),
        ("LeakyRelu", [-4, -0.2, 0, 0.5, 7]),
    ],
)
def test_an_activation_in_float64(name: str, right: list[float]) -> None:
    assert activated(np, name, LINEAR) == pytest.approx(right)


def test_a_product_and_a_convolution_are_what_plain_loops_give() -> None:
    random = np.random.default_rng(1)
    a, b = random.standard_normal((3, 4)), random.standard_normal((4, 2))
    assert np.allclose(dense(np, a, b), a @ b)
    image, kernel = random.standard_normal((1, 4, 5, 2)), random.standard_normal((3, 3, 2, 3))
    found = convolution(np, image, kernel)
    assert found.shape == (1, 4, 5, 3)
    assert np.allclose(found[0, 1, 2], np.einsum("ijc,ijco->o", image[0, 0:3, 1:4], kernel))
    assert np.allclose(found[0, 0, 0], np.einsum("ijc,ijco->o", image[0, 0:2, 0:2], kernel[1:, 1:]))


def test_the_distance_is_relative_to_the_largest_element() -> None:
    assert distance(np, np.array([1.0, 9.0]), np.array([0.0, 10.0])) == pytest.approx(0.1)


def layers() -> tuple[Graph, Graph]:
    asked = Asked(fake_tensorflow, np, "CPU:0", mode="quick", kept={})
    return dense_relu_graph.layer(asked), conv_relu_graph.layer(asked)


@pytest.mark.parametrize("which", [0, 1])
def test_every_activation_has_something_to_bend(which: int) -> None:
    """Without numbers below zero and above six, a lost activation would not show."""
    layer = layers()[which]
    assert len(layer.linears) == len(ACTIVATIONS) == len(layer.weights)
    for name, linear in zip(ACTIVATIONS, layer.linears, strict=True):
        assert distance(np, linear, activated(np, name, linear)) > 0.1
        assert (linear > 6).any()
    relu, relu6 = (activated(np, name, layer.linears[1]) for name in ("Relu", "Relu6"))
    assert distance(np, relu, relu6) > 0.1


@pytest.mark.parametrize("which", [0, 1])
def test_no_two_activations_share_their_weights(which: int) -> None:
    """TensorFlow makes one product of two that are the same, and then no plugin replaces it."""
    assert len({each.tobytes() for each in layers()[which].weights}) == len(ACTIVATIONS)

"""The files of the checks: each says what there is to say, and their right answers are what plain loops give."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from tfsetup.verify import checks
from tfsetup.verify.checks import adam_twice, cumulative_sum, gru, lstm, pooling
from tfsetup.verify.checks.frame import COSTS
from tfsetup.verify.tolerance import CAP, limit_of

FOLDER = Path(checks.__file__).parent
HELPERS = {"__init__", "frame", "fused", "optimizing", "recurrent", "xla", "break_even"}


def test_every_file_is_asked_and_every_name_has_one() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - HELPERS
    assert set(checks.ORDER) == files
    assert len(checks.ORDER) == len(set(checks.ORDER)) >= 50


@pytest.mark.parametrize("slug", checks.ORDER)
def test_a_file_says_what_it_asks_why_and_how_far_it_may_be_off(slug: str) -> None:
    about = checks.about(slug)
    assert about is not None
    assert about is checks.module_of(slug).ABOUT is checks.about(about.name)
    assert checks.slug_of(about.name) == slug
    assert about.cost in COSTS
    for words in (about.asks, about.why, about.source, about.means, about.limit.because):
        assert len(words) > 3
        assert not words.endswith(".")
    assert 0 <= limit_of(about.limit) <= max(CAP, 60.0)
    assert about.limit.terms or about.limit.bound or about.limit.unit
    assert about.patience_s >= 30
    assert callable(checks.module_of(slug).ask)


def test_nobody_knows_a_check_that_is_not_there() -> None:
    assert checks.about("no-such-check") is None
    assert checks.about("frame") is None


def test_a_longer_mode_has_all_of_the_shorter() -> None:
    quick, full, thorough = (checks.names(mode) for mode in COSTS)
    assert 12 <= len(quick) <= 16
    assert len(full) >= 40
    assert set(quick) < set(full) <= set(thorough)
    assert quick == [name for name in full if name in quick]
    assert {"dense-relu-graph", "conv-relu-graph", "top-k", "random-uniform", "small-k-bias"} <= set(quick)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_numbers_are_drawn_from_a_seed(path: Path) -> None:
    """A check that fails must fail again: only TensorFlow's own generators are asked without a seed of NumPy's."""
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"np\.random\.(?!default_rng\(\d)|import random", source)
    if "tf.random." in source and "stateless" not in path.stem:
        assert "tf.random.set_seed(" in source
    ast.parse(source, feature_version=(3, 8))


def test_pooling_knows_where_a_padded_window_begins() -> None:
    image = np.arange(5.0)[None, :, None, None] * np.ones((1, 5, 5, 1))
    largest, mean = pooling.pooled(np, image, 2, "SAME")
    assert largest[0, :, 0, 0].tolist() == [1, 3, 4]
    assert mean[0, :, 0, 0].tolist() == [0.5, 2.5, 4]
    largest, _mean = pooling.pooled(np, image, 3, "VALID")
    assert largest[0, :, 0, 0].tolist() == [2, 4]


def test_adam_s_first_step_is_the_rate_whatever_the_gradient() -> None:
    """Kingma and Ba: the corrected first step is the gradient over its own size."""
    moved = adam_twice.adam(np, np.array([[[3.0, -0.5]]]))
    assert moved == pytest.approx(np.array([[-0.01, 0.01]]), rel=1e-4)


@pytest.mark.parametrize(
    ("exclusive", "reverse", "right"),
    [(False, False, [1, 3, 6]), (True, False, [0, 1, 3]), (False, True, [6, 5, 3]), (True, True, [5, 3, 0])],
)
def test_running_sums(exclusive: bool, reverse: bool, right: list[int]) -> None:
    found = cumulative_sum.cumulated(np, np.array([1, 2, 3]), exclusive=exclusive, reverse=reverse)
    assert found.tolist() == right


def test_recurrent_layers_without_weights_stay_where_they_begin() -> None:
    inputs = np.ones((2, 3, 7))
    for module in (lstm, gru):
        zeros = [np.zeros(shape) for shape in module.SHAPES]
        assert module.recurred(np, inputs, zeros).tolist() == np.zeros((2, 3, module.UNITS)).tolist()
    forgetting = [np.zeros(shape) for shape in lstm.SHAPES]
    forgetting[2][: lstm.UNITS], forgetting[2][2 * lstm.UNITS : 3 * lstm.UNITS] = 50.0, 50.0
    forgetting[2][3 * lstm.UNITS :] = 50.0
    assert lstm.recurred(np, inputs, forgetting)[0, 0] == pytest.approx(np.tanh(np.ones(lstm.UNITS)))

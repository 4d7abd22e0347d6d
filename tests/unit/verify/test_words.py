"""The line that says the cause, of errors as TensorFlow and Keras really write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.verify.words import LONGEST, cause_line, told

KERAS_3_ON_A_PLUGIN = """Graph execution error:

Detected at node StatefulPartitionedCall defined at (most recent call last):
  File "/env/probe.py", line 43, in <module>

  File "/env/lib/python3.11/site-packages/keras/src/backend/tensorflow/trainer.py", line 125, in wrapper

Could not find compiler for platform FAKE: NOT_FOUND: could not find registered compiler for the platform
\t [[{{node StatefulPartitionedCall}}]] [Op:__inference_one_step_on_data_distributed_130]"""

KERAS_2_WITH_CODE = """Graph execution error:

Detected at node 'model/dense/MatMul' defined at (most recent call last):
    File "/env/probe.py", line 4, in <module>
      model.fit(x, y)
    File "/env/lib/python3.9/site-packages/keras/engine/training.py", line 1564, in fit
      tmp_logs = self.train_function(iterator)
Node: 'model/dense/MatMul'
the fake GPU does not compute this
\t [[{{node model/dense/MatMul}}]] [Op:__inference_train_function_12]"""

TWO_ROOTS = """Graph execution error:

Detected at node model/dense/MatMul defined at (most recent call last):
<stack traces unavailable>
2 root error(s) found.
  (0) RESOURCE_EXHAUSTED:  OOM when allocating tensor with shape[64,256]
\t [[{{node model/dense/MatMul}}]]
\t [[Adam/ReadVariableOp/_2]]
  (1) RESOURCE_EXHAUSTED:  OOM when allocating tensor with shape[64,256]
\t [[{{node model/dense/MatMul}}]]
0 successful operations.
0 derived errors ignored. [Op:__inference_train_function_99]"""

LAYER = """Exception encountered when calling Dense.call().

\x1b[1mCould not find device for node: {{node MatMul}}\x1b[0m

Arguments received by Dense.call():
  • inputs=tf.Tensor(shape=(16, 8), dtype=float32)
  • training=None"""

EAGER = "{{function_node __wrapped__MatMul_device_}} Matrix size-incompatible: In[0]: [2,3] [Op:MatMul] name: "


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (
            KERAS_3_ON_A_PLUGIN,
            "Could not find compiler for platform FAKE: NOT_FOUND: could not find",
        ),
        (KERAS_2_WITH_CODE, "the fake GPU does not compute this"),
        (TWO_ROOTS, "RESOURCE_EXHAUSTED:  OOM when allocating tensor with shape[64,256]"),
        (LAYER, "Could not find device for node: {{node MatMul}}"),
        (EAGER, "{{function_node __wrapped__MatMul_device_}} Matrix size-incompatible: In[0]: [2,3]"),
        ("Failed to create cuBLAS handle\nmore", "Failed to create cuBLAS handle"),
        ("Graph execution error:", "Graph execution error:"),
        ("Graph execution error:\n\n[...]\nthe end of a long text", "the end of a long text"),
        ("", ""),
    ],
)
def test_the_cause_is_the_line_that_says_what_happened(message: str, cause: str) -> None:
    assert cause_line(message).startswith(cause)


def test_an_error_is_told_with_its_name() -> None:
    assert told({"type": "NotFoundError", "message": KERAS_2_WITH_CODE}) == (
        "NotFoundError: the fake GPU does not compute this"
    )
    assert told({"type": "KeyError"}) == "KeyError: "


@given(
    st.text(max_size=2000), st.sampled_from(["", "Graph execution error:\n", "Exception encountered when calling\n"])
)
def test_whatever_an_error_says_becomes_one_short_line(text: str, start: str) -> None:
    line = told({"type": "Error", "message": start + text})
    assert len(line) <= LONGEST
    assert len(line.splitlines()) == 1

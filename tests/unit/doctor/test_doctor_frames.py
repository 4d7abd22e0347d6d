"""Whose code looked for a name that is not there."""

from __future__ import annotations

import pytest

from tfsetup.doctor.frames import raised, says_missing

ERROR = "AttributeError: module 'tensorflow' has no attribute 'contrib'"


@pytest.mark.parametrize(
    ("frame", "kind", "name"),
    [
        ('File "train.py", line 3, in <module>', "user", "user"),
        ('File "/home/a/env/lib/python3.10/site-packages/slim_nets/a.py", line 3, in b', "library", "slim-nets"),
        ('File "C:\\Python39\\lib\\site-packages\\keras\\backend.py", line 3, in b', "keras", "keras"),
        ('File "/x/dist-packages/tensorflow/python/keras/a.py", line 1, in c', "tensorflow", "tensorflow"),
        ('File "/x/site-packages/tf_keras/src/a.py", line 1, in c', "keras", "tf-keras"),
        ('File "/usr/lib/python3.10/importlib/__init__.py", line 126, in import_module', "python", "python"),
        ('File "<stdin>", line 1, in <module>', "user", "user"),
        ('File "<frozen importlib._bootstrap>", line 1, in _find', "python", "python"),
        ("File ~/env/lib/python3.11/site-packages/gymlike/a.py:12, in f(x)", "library", "gymlike"),
        ("~/env/lib/python3.7/site-packages/gpmodels/__init__.py in <module>", "library", "gpmodels"),
        ("<ipython-input-3-aa> in <module>", "user", "user"),
        ("Cell In[7], line 2", "user", "user"),
        ("", "nobody", "nobody"),
    ],
)
def test_the_last_frame_tells(frame: str, kind: str, name: str) -> None:
    stream = f'Traceback File "/a/site-packages/firstone/x.py", line 9, in a {frame} {ERROR}'.replace(
        'File "/a/site-packages/firstone/x.py", line 9, in a ' if not frame else "\0", ""
    )
    assert raised(stream, stream.index(ERROR)) == {"raised_in": name, "raised_by": kind}


def test_a_frame_far_above_is_of_another_error() -> None:
    stream = 'File "a.py", line 1, in b ' + "x " * 2000 + ERROR
    assert raised(stream, stream.index(ERROR))["raised_by"] == "nobody"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (ERROR, True),
        ("ImportError: cannot import name 'a' from 'b'", True),
        ("No module named 'tensorflow.contrib'", True),
        ("DLL load failed", False),
    ],
)
def test_what_says_that_a_name_is_missing(text: str, missing: bool) -> None:
    assert says_missing(text) is missing

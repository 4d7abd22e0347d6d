"""TensorFlow imported from a folder of its sources, in tracebacks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doctor import knowledge
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.model import Evidence
from tfsetup.doctor.sources import from_sources
from tfsetup.doctor.text import clean

CHECKOUT = "/home/eva/git/tensorflow/tensorflow/python/platform/self_check.py"
NO_BUILD_INFO = "ImportError: cannot import name 'build_info'"


def traceback(*paths: str, error: str = NO_BUILD_INFO) -> str:
    lines = [f'  File "{path}", line 7, in <module>\n    import something' for path in paths]
    return "\n".join(["Traceback (most recent call last):", *lines, error])


@pytest.mark.parametrize(
    "error",
    [
        NO_BUILD_INFO,
        "ImportError: cannot import name 'function_pb2' from 'tensorflow.core.framework'",
        "ImportError: cannot import name pywrap_tensorflow_internal",
        "ModuleNotFoundError: No module named 'tensorflow.python.platform.build_info'",
        "ModuleNotFoundError: No module named 'tensorflow.python._pywrap_tfe'",
        "ImportError: No module named core.framework.graph_pb2",
        "ImportError: Could not import tensorflow. Do not import tensorflow from its source directory; change",
        "Error importing tensorflow. you should not try to import tensorflow from its source directory",
    ],
)
def test_what_only_a_build_makes_is_missing(error: str) -> None:
    assert [one.subject for one in from_sources(clean(traceback(CHECKOUT, error=error)))] == ["tensorflow"]


@pytest.mark.parametrize(
    "path",
    [
        CHECKOUT,
        "tensorflow/python/__init__.py",
        "D:\\src\\tensorflow\\tensorflow\\__init__.py",
        "/srv/tensorflow-2.15.0/tensorflow/core/framework/__init__.py",
    ],
)
def test_a_file_of_the_sources(path: str) -> None:
    (found,) = from_sources(clean(traceback(path)))
    assert found.detail.startswith(path.rpartition("tensorflow/" if "/" in path else "tensorflow\\")[0][:9])
    assert found.check == "shadowing-file"


@pytest.mark.parametrize(
    "path",
    [
        "/e/lib/python3.10/site-packages/tensorflow/python/platform/self_check.py",
        "/usr/lib/python3/dist-packages/tensorflow/__init__.py",
        "C:\\Python39\\lib\\site-packages\\tensorflow\\python\\__init__.py",
        "/var/task/tensorflow/python/__init__.py",
        "/opt/python/tensorflow/python/__init__.py",
        "/srv/app/vendor/tensorflow/python/__init__.py",
        "/home/eva/app/__pypackages__/3.10/tensorflow/__init__.py",
        "/home/eva/.cache/bazel/_bazel_eva/x/execroot/org_tensorflow/tensorflow/python/__init__.py",
        "/home/eva/_MEI1234/tensorflow/python/__init__.py",
        "/mnt/yarn/job.zip/tensorflow/python/__init__.py",
    ],
)
def test_where_it_is_put_on_purpose_is_no_source_tree(path: str) -> None:
    assert list(from_sources(clean(traceback(path)))) == []
    assert list(from_sources(clean(traceback(CHECKOUT, path)))) == []


@pytest.mark.parametrize(
    "log",
    [
        traceback(CHECKOUT, error="ImportError: cannot import name 'Merge' from 'keras.layers'"),
        traceback(CHECKOUT, error="ModuleNotFoundError: No module named 'numpy'"),
        f"I tensorflow/core/platform/cpu_feature_guard.cc:193] optimized\n{NO_BUILD_INFO}",
        NO_BUILD_INFO,
        "",
    ],
)
def test_without_a_file_or_without_what_lacks_nothing_is_said(log: str) -> None:
    assert list(from_sources(clean(log))) == []


def test_the_way_out_is_another_folder() -> None:
    first = diagnose(Evidence(log=traceback(CHECKOUT)), knowledge()).findings[0]
    assert (first.cause, first.confidence > 0.9) == ("local-file-shadows-module", True)
    assert first.fix[0].startswith("cd ~")


@given(
    st.lists(
        st.sampled_from([
            'File "', "/tensorflow/python/", "tensorflow\\core\\", "x.py", "annot import name", " 'build_info'", "\n",
            "from its source directory", "site-packages/", "(", " ",
        ])
    )
)  # fmt: skip
def test_any_text_can_be_read(parts: list[str]) -> None:
    assert len(list(from_sources(clean("".join(parts))))) <= 1

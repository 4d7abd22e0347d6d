"""The whole table: every import that the plugins and TensorFlow's framework library really call on the way."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tfsetup.upkeep.xray.apple import APPLE
from tfsetup.upkeep.xray.libc import LIBC
from tfsetup.upkeep.xray.libcxx import LIBCXX
from tfsetup.upkeep.xray.machine import Answer
from tfsetup.upkeep.xray.tf_api import TF_API

ANSWERS: Final[Mapping[str, Answer]] = MappingProxyType({**LIBC, **LIBCXX, **APPLE, **TF_API})

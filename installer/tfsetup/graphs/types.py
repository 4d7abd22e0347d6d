"""The types of tensors' elements by their numbers. Source: `tensorflow/core/framework/types.proto` (DataType)."""

from __future__ import annotations

from typing import Final

_IN_ORDER: Final = """
    float32 float64 int32 uint8 int16 int8 string complex64 int64 bool qint8 quint8 qint32 bfloat16 qint16 quint16
    uint16 complex128 float16 resource variant uint32 uint64 float8_e5m2 float8_e4m3fn float8_e4m3fnuz
    float8_e4m3b11fnuz float8_e5m2fnuz int4 uint4 int2 uint2
"""
_NAMES: Final = tuple(_IN_ORDER.split())
_REFERENCES: Final = 100
"""A type of a reference variable is the type's number and this."""

FLOATING: Final = frozenset({"float16", "bfloat16", "float32", "float64", "complex64", "complex128"})
"""What a model computes with, other than shapes, indices and flags."""


def type_name(number: int) -> str:
    """Return the name of a type as TensorFlow writes it; a type that is not known here is `type 77`."""
    plain = number - _REFERENCES if number > _REFERENCES else number
    return _NAMES[plain - 1] if 1 <= plain <= len(_NAMES) else f"type {number}"

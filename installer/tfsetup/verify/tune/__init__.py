"""Which switch makes TensorFlow faster here: what to try, turns in pairs, what is worth it. Only `bench` acts."""

from __future__ import annotations

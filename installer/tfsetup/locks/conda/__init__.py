"""Locked conda environments: solve with rattler, wheels with uv on top of what conda provides, one `conda-lock.yml`."""

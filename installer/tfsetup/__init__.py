"""tfsetup: resolve, lock, preflight, install, verify and diagnose a TensorFlow that really runs."""

__version__ = "0.1.0"

"""Windows' loader: `process.py` first."""

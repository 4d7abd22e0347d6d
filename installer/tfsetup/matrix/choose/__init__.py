"""Which row for which host and ask, and why. Pure; `select.py` first."""

"""The proofs that a matrix means what it says, one file a subject; `check.py` first."""

"""What installers refuse, and why: their words, who would be told them, the answer (`judge.py`)."""

"""What installers refuse, and why: their words (`words.py`), who would be told them (`worlds.py`), the answer (`judge.py`)."""

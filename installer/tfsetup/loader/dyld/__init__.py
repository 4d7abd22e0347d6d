"""Apple's loader: `process.py` first. What it searches, binds and says, step by step."""

"""Does it really run: a probe in a child of the target interpreter, and the judgement on what it measured."""

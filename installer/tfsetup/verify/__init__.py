"""Does it really run: a stand-alone probe in a child of the target interpreter, and the judgement on what it measured."""

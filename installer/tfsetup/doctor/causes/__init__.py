"""What the doctor knows: causes as files of YAML, one a family, and what makes values of them.

The order of the files and of the causes in them means nothing. `causes.json` is all of it as it was compiled last.
"""

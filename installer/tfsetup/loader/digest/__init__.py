"""What a loader can ever ask of a wheel, kept by its hash, so that nobody need read the wheel twice.

A digest is a sparse copy: the very bytes of headers and linking tables, in checksummed blocks, so that the readers of
the formats stay as they are. A read outside of what is kept goes to the file itself; never to a zero or a guess.
"""

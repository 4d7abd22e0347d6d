"""Conda prefixes: locked packages linked in place by rattler, without a conda on the machine."""

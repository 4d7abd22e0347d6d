"""Mach-O, Apple's format: `image.py` first, then what its tables say."""

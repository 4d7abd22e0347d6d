"""ELF, the format of Linux: `image.py` first, then what its tables say."""

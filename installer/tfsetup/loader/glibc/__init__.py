"""The loaders of Linux: `process.py` is the GNU C library's ld.so, `musl.py` musl's."""

"""Lock files: solve through uv, read, write, and tell fresh from stale."""

"""PE, Windows' format."""

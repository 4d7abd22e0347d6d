"""The venv backend: wheels and sdists of an index, locked through uv, one lock file a target."""

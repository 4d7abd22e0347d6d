"""Plans (pure) to generations on disk: build, switch, roll back, receipt."""

"""What keeps `environments/` true, for those who maintain it. No user's course imports this room."""

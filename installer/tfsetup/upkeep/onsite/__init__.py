"""What a real machine shows: its facts, its verification, and its own loader's word on pairs of packages."""

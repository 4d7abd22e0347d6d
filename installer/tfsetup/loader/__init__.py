"""Mach-O, ELF and PE readers and the three loaders' rules: will this machine load these files, and if not, why."""

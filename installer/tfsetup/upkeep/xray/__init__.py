"""The X-ray: a plugin's own code, run under a CPU emulator without the machine it was made for."""

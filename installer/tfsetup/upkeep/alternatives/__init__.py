"""What else computes on the GPU of a Mac: its plugins' libraries opened as dyld would, and what is kept of that."""

"""Which GPUs the wheels have code for: what is read of them, what is kept, and the rules of the matrix beside it."""

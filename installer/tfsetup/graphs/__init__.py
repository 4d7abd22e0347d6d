"""A model's graph, read without TensorFlow, and which of its operations a device has a kernel for."""

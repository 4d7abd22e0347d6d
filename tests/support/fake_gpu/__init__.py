"""A PluggableDevice for TensorFlow on Linux: our own C, right by default and wrong on demand (`defects.h`)."""

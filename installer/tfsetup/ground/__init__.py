"""What every room stands on: prefixes, folders, files, indexes, the network. Knows no TensorFlow."""

"""What the index says of the distributions in the matrix: the client, and the snapshot kept of its answers."""

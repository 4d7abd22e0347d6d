"""Code for GPUs inside libraries: NVIDIA's fat binaries and AMD's bundles of code objects. Formats only, all pure."""

"""What is known of how TensorFlow loads: its import, its plugins, its CUDA libraries."""

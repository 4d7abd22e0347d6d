"""What a text says about the machine it comes from, and how that goes with what the host file says of it. Pure."""

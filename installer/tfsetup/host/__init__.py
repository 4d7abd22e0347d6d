"""What machine this is: `Host`, a frozen value, and the probe that fills it, each fact with its source."""

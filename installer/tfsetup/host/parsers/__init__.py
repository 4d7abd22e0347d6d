"""Pure readers of what other programs and system files say: text in, values out, None for what cannot be understood."""

"""One file a command: parse, call, render. The only room that prints, reads argv or exits."""

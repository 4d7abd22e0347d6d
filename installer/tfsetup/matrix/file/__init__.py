"""The matrix as files: rows, their kinds, reading, compiling and the schema for editors."""

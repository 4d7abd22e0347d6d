"""Where the bytes come from: folders, wheels on disk and on an index, prefixes; and reading them within bounds."""

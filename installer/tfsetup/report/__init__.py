"""Values to text: console tables, the versioned JSON envelope, the HTML report."""

"""Scripts run by an interpreter that has never heard of tfsetup; they import nothing from it."""

"""Scripts run by an interpreter that has never heard of tfsetup; they import nothing from it.

They keep to the syntax and the standard library of Python 3.8: the interpreter is the one of the environment under
test, as old as its TensorFlow. `__main__` gives this folder the name `tfsetup_probe` in that interpreter.
"""

"""The component contract and the built-in modules.

Importing this package or a module's class must stay fast: NumPy, Polars and cryptography are imported inside `run`.
"""

"""The component contract and the built-in modules.

Importing this package or a module's class must stay light: numbers, tables and cryptography are imported inside `run`.
"""

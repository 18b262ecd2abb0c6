"""The command line `fateflow`: one module per noun, main wires them."""

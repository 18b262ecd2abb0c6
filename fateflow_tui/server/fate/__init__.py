"""The HTTP API of FATE-Flow 1.x, one module per resource."""

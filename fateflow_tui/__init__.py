"""fateflow: federated learning jobs, scheduled from the terminal."""

__version__ = "0.1.0"

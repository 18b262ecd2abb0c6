"""The message bus: values that tasks of different parties exchange."""

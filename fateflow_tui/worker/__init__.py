"""The child process that runs one task, its warm parent, and the one-process test harness for modules."""

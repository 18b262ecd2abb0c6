"""The shell around the engine: processes, sockets, files and time."""

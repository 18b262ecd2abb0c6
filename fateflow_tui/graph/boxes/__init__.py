"""Box drawings: layers of boxes from the top down, connected by orthogonal lines."""

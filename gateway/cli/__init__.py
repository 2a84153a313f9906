"""`winnow`: the service and its work from a shell. Imports everything it starts, when it starts it."""

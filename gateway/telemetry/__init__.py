"""What operators see: log, metrics, traces, health. Imports wire and panics; every room but core may start spans."""

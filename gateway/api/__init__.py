"""HTTP: decode, call a use case, encode; one folder a dialect. Imports use cases, auth, telemetry."""

"""HTTP: decode, call a use case, encode; one folder a dialect. Imports the use cases, auth and telemetry."""

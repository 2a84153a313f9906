"""Routes for operators: probes and metrics. Imports telemetry and the parts of api that every dialect shares."""

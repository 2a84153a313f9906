"""For who operates the service: probes and metrics."""

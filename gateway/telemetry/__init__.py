"""What operators see: log, metrics, traces, health. Sees the other rooms' protocols only."""

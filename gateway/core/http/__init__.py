"""HTTP as values: addresses and what may be cached. Imports errors only."""

"""Use case: a page in, a piece of counted content out. Imports core, wire and the protocols of cache and fetch."""

"""Use case: a page in, a piece of counted content out. Imports core, cache and the protocols of fetch and workers."""

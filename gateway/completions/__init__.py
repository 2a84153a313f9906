"""Use case: a prompt in, an answer out. Imports core, cache's protocols, wire and backends.base."""

"""Use case: a prompt in, an answer out. Imports core, cache and backends.base."""

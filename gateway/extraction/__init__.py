"""Use case: pages and a question in, data with evidence out. Imports core, completions, wire and backends.base."""

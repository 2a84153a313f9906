"""Prompts, replies, merging and evidence. Imports core.text, core.tokens, core.json_schema and core.metadata."""

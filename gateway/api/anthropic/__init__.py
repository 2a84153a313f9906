"""Anthropic's dialect: messages and their count. Imports use cases, wire and what every dialect in api shares."""

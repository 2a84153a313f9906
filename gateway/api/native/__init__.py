"""Winnow's own routes: scrape, extract, tokens. Imports use cases, wire and what every dialect in api shares."""

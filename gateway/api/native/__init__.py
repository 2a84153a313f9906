"""Winnow's own routes: scrape, extract, tokens."""

"""Firecrawl's dialect, v2 and v1: own types, pure mappings, and handlers over the same use cases."""

"""The API described: OpenAPI, the reference page and its markdown."""

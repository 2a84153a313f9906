"""A static page to try the gateway in a browser. Imports Litestar only."""

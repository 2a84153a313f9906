"""General parts without a subject of their own. They import the standard library, and nothing of the project."""

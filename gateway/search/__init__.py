"""Use case: a query in, pages out. Imports scraping and what is below it."""

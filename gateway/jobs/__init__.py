"""Use case: many pages in one request (batch, crawl, map), kept until they are fetched.

Imports scraping, extraction and what is below them.
"""

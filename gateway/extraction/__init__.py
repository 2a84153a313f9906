"""Use case: pages and a question in, data with evidence out. Imports core, scraping and completions."""

"""Which addresses a crawl follows, and what sitemaps say: pure rules. Imports dom, documents and http."""

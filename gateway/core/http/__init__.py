"""HTTP as values: URLs, cache headers, robots.txt, JSON bodies. Imports errors only."""

"""The two routes that Open WebUI calls: an external web loader, and an external search."""

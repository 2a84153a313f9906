"""Models behind one protocol. Imports gateway's net, errors, environment, core.json_schema, cache.fingerprint."""

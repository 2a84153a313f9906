"""The API described: OpenAPI, the reference page and its markdown. Imports wire, errors and the app's routes."""

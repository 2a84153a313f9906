"""uvicorn around the application: protocol, shutdown, exposure. Imports app and settings."""

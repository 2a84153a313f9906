"""uvicorn around the app: protocol, shutdown, exposure. Imports auth, telemetry and settings, not the app."""

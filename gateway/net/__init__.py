"""What every HTTP client and server here shares: server-sent events and sockets. Imports errors only."""

"""What every HTTP client and server here shares: server-sent events, Retry-After and sockets. Imports errors only."""

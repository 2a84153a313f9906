"""What HTTP clients and servers share: server-sent events, Retry-After, sockets. Imports errors only."""

"""What HTTP clients and servers share: events, content codings, Retry-After, sockets. Imports errors only."""

"""One static page to try the gateway on."""

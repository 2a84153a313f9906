"""Headers for content of other sites that is served from our origin."""

# nothing in them may run, nor be framed by a page
FOREIGN_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "x-frame-options": "DENY",
}

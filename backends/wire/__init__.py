"""Other servers' formats as bytes, sans-IO: requests out, streamed chunks in."""

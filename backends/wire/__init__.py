"""Other servers' formats, without I/O: requests to bytes, streamed bytes to chunks. Imports backends.base only."""

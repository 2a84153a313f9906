"""Use case: stored crawls. Pages of WARC files in, rows of counted markdown out.

It is handed workers, and imports core and wire. fastwarc and pyarrow are the extra `warc`.
"""

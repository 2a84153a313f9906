"""Pages after their scripts have run: Chromium over a pipe, behind the address guard. Imports fetch.http."""

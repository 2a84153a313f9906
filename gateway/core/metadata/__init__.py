"""What a page says of itself: title, author, dates, structured data. Imports core.dom and core.text."""

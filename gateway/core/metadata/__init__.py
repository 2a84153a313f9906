"""What a page says about itself: title, author, dates, structured data. Imports core.dom and core.text."""

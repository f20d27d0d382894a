"""Where definitions come from, and what has to be true of them."""

"""What is written ahead: which remarks are worth it, which of those that are held fit a sighting."""

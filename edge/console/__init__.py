"""The console: pages on which people look at the guide and speak to it, and the REST API beneath them."""

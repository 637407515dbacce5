"""Serving HTTP and WebSockets: an address, who may come in, and a quiet end."""

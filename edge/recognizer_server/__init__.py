"""Recognition for clients elsewhere: a dispatcher's desk, an engineer's terminal, a depot's shuttles."""

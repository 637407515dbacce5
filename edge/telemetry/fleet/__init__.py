"""The shuttle on the fleet: what it tells is kept, what it is told is done once (see docs/fleet.md)."""

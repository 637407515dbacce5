"""The two kinds of wire between our processes: pipes carry work, feeds carry news (ZeroMQ over ``ipc://``)."""

from edge.bus.codec import BadMessages, decode, encode
from edge.bus.feed import FeedInbox, FeedPublisher, FeedSubscriber, watching
from edge.bus.paths import PathTakenError
from edge.bus.pipe import Delivery, PipeReceiver, PipeSender

__all__ = [
    "BadMessages",
    "Delivery",
    "FeedInbox",
    "FeedPublisher",
    "FeedSubscriber",
    "PathTakenError",
    "PipeReceiver",
    "PipeSender",
    "decode",
    "encode",
    "watching",
]

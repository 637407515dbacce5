"""Full duplex where no device cancels the echo: takes the guide's own voice out of the microphone's sound.

The speaker tells what it plays and when that is heard (``PlayedSound``); ``reference.py`` finds what belongs
to a piece of captured sound; ``canceller.py`` subtracts it; ``cleaner.py`` does both for each frame.
"""

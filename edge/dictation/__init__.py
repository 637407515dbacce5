"""The client of a recognizer server: this machine's microphone there, what was understood back."""

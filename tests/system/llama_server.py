#!/usr/bin/python3
"""Stands for ``llama-server``: the same options, it serves, and knows nothing of systemd."""

import argparse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Healthy(BaseHTTPRequestHandler):
    """``GET /health`` as llama.cpp answers it once the model is loaded."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status":"ok"}')


options = argparse.ArgumentParser()
options.add_argument("--host")
options.add_argument("--port", type=int)
given = options.parse_args()
ThreadingHTTPServer((given.host, given.port), Healthy).serve_forever()

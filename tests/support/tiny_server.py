"""A part for tests: answers every GET with 200. `tiny_server.py PORT [spawn] [stubborn] [fragile]`

spawn: also starts a sleeper in a session of its own, as an engine starts its workers. stubborn: ignores SIGTERM.
fragile: dies half a second after it began to listen.
"""

import http.server
import os
import signal
import subprocess
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def main(port: int, manners: list[str]) -> None:
    if "stubborn" in manners:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "spawn" in manners:
        sleeper = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
        )
        print("sleeper", sleeper.pid, flush=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print("listening on", port, flush=True)
    if "fragile" in manners:
        print("about to break: 瓷器", flush=True)
        threading.Timer(0.5, os._exit, [7]).start()
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])

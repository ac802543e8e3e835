"""Asking pages of a server in a process of its own, over connections that stay open."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

_SCRIPT = Path(__file__).resolve().parent / "web_server.py"
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, bytes of the body, seconds until all of it was there."""

    status: int
    size: int
    seconds: float


@dataclass(slots=True)
class Client:
    """One connection to one port of loopback."""

    port: int
    _connection: http.client.HTTPConnection | None = None

    def ask(self, address: str, method: str = "GET") -> Answer:
        """One request; a connection that was closed meanwhile is made again."""
        started = time.perf_counter()
        try:
            return self._ask(address, method, started)
        except (http.client.HTTPException, ConnectionError):
            self.close()
            return self._ask(address, method, started)

    def _ask(self, address: str, method: str, started: float) -> Answer:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        self._connection.request(method, address)
        response = self._connection.getresponse()
        size = len(response.read())
        return Answer(response.status, size, time.perf_counter() - started)

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass(frozen=True, slots=True)
class Service:
    """A running server: the ports of our pages and of the bare application."""

    ours: int
    bare: int
    _process: subprocess.Popen[str]

    def say(self, word: str) -> Any:  # noqa: ANN401 - what it answers
        """Have it do something, see lib/web_server.py."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def serving(database: str, now: datetime) -> Iterator[Service]:
    """The pages of a house, from a process that ends with the block."""
    command: Sequence[str] = [sys.executable, str(_SCRIPT), database, now.isoformat()]
    process = subprocess.Popen(  # noqa: S603 - our own script
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(command)} did not begin to serve")
        yield Service(*json.loads(line), process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

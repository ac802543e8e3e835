"""The server: waitress, in threads of this process; it stops by itself when told to."""

import threading
from dataclasses import dataclass

from flask import Flask
from waitress.server import create_server

from digest.errors import ConfigError

THREADS = 8


@dataclass(slots=True)
class Server:
    """Listens from the moment that it is made."""

    host: str
    port: int
    _server: object
    _thread: threading.Thread

    @property
    def address(self) -> str:
        """Where it is reached on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def stop(self) -> None:
        """Listen no more; requests under way are answered."""
        self._server.close()  # type: ignore[attr-defined]
        self._thread.join(timeout=10)


def start(app: Flask, listen: tuple[str, int], proxy: str | None = None) -> Server:
    """Serve an application in the background.

    Raises:
        ConfigError: where nobody may listen there.
    """
    host, port = listen
    try:
        server = create_server(
            app, host=host, port=port, threads=THREADS, ident="digest", trusted_proxy=proxy
        )
    except OSError as error:
        raise ConfigError(
            f"nothing can be served on {host}:{port}: {error.strerror}; name another place with "
            "DIGEST_WEB or --listen"
        ) from error
    thread = threading.Thread(target=server.run, name="web", daemon=True)
    thread.start()
    return Server(host, server.effective_port, server, thread)

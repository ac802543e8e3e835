"""The server: waitress, in threads of this process; it stops by itself when told to."""

import logging
import socket
import threading
from dataclasses import dataclass

from flask import Flask
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from digest.errors import ConfigError
from digest.web.app import MOST_BODY
from digest.web.connections import Listener, Patience

THREADS = 8
_MOST_HEAD = 16 * 1024  # bytes
_WAITING = 128  # connections that the system holds until they are taken
_IN_MEMORY = 256 * 1024  # bytes of an answer; what is longer waits in a file without a name
_ON_THE_WAY = 128 * 1024  # bytes that the system holds: what it took, the visitor has, nearly
_SPARE = 50  # descriptors beside those of visitors
_USUAL = Patience()


@dataclass(slots=True)
class Server:
    """Listens from the moment that it is made."""

    host: str
    port: int
    _listener: Listener
    _thread: threading.Thread

    @property
    def address(self) -> str:
        """Where it is reached on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def stop(self) -> None:
        """Listen no more; requests under way are answered, within the patience for leaving."""
        self._listener.leave()
        self._thread.join(timeout=10)


def start(
    app: Flask,
    listen: tuple[str, int],
    proxy: str | None = None,
    patience: Patience = _USUAL,
    prefix: str = "",
) -> Server:
    """Serve an application in the background.

    Args:
        app: what answers.
        listen: host and port; port 0 is any that is free.
        proxy: the address of a proxy that tells whom it asks for (X-Forwarded-For); nobody else's
            word is taken for it.
        patience: how long visitors may take.
        prefix: the path below which readers reach the pages, whether a proxy takes it off or not.

    Raises:
        ConfigError: where nobody may listen there.
    """
    host, port = listen
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, port), family=family, backlog=_WAITING)
    except OSError as error:
        raise ConfigError(
            f"nothing can be served on {host}:{port}: {_reason(error)}; name another place with "
            "DIGEST_WEB or --listen"
        ) from error
    for logger in ("waitress", "waitress.queue"):
        _without_addresses(logging.getLogger(logger))
    wishes = {"trusted_proxy": proxy, "trusted_proxy_headers": "x-forwarded-for"} if proxy else {}
    adjustments = Adjustments(
        sockets=[sock],
        threads=THREADS,
        ident="digest",
        url_prefix=prefix,
        backlog=_WAITING,
        outbuf_overflow=_IN_MEMORY,
        outbuf_high_watermark=patience.ahead,
        connection_limit=patience.connections + _SPARE,
        max_request_header_size=_MOST_HEAD,
        max_request_body_size=2 * MOST_BODY,  # up to there the page says in words what is too much
        clear_untrusted_proxy_headers=True,
        log_socket_errors=False,
        **wishes,
    )
    options = ((socket.SOL_SOCKET, socket.SO_SNDBUF, _ON_THE_WAY), *adjustments.socket_options)
    adjustments.socket_options = list(options)
    workers = ThreadedTaskDispatcher()
    workers.set_thread_count(THREADS)
    listener = Listener(
        app,
        {},
        _sock=sock,
        dispatcher=workers,
        adj=adjustments,
        sockinfo=(sock.family, sock.type, sock.proto, sock.getsockname()),
        bind_socket=False,
        patience=patience,
    )
    thread = threading.Thread(target=listener.run, name="web", daemon=True)
    thread.start()
    return Server(host, int(listener.effective_port), listener, thread)


def _reason(error: OSError) -> str:
    return str(error.strerror).partition(" (while ")[0]  # the place is named already


class _WithoutAddresses(logging.Filter):
    """Takes the path out of what the library says of a request: a link in it is a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything pass, without what stands after these words."""
        said, found, _ = record.getMessage().partition(" while serving ")
        if found:
            record.msg, record.args = f"{said} while a page was served", ()
        return True


_FILTER = _WithoutAddresses()


def _without_addresses(logger: logging.Logger) -> None:
    if _FILTER not in logger.filters:
        logger.addFilter(_FILTER)

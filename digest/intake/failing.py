"""How asking fails, before a source's name is put to it: for good, or for a while.

What libraries say of a failure may repeat an address with a key in it, so none of it is repeated.
"""

import http.client
import ssl
from collections.abc import Iterator

from urllib3.exceptions import InvalidHeader, ProxyError


class RefusedError(Exception):
    """Asking again at once would change nothing.

    Args:
        problem: why, in words.
        advice: what can be done about it, if anything can.
    """

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem)
        self.advice = advice


class BusyError(Exception):
    """The service, or the way to it, asks for patience.

    Args:
        problem: what happened, in words.
        wait: the seconds that were named, if any.
        held: whether the host is left alone for as long anyway: then nobody need sleep for it.
    """

    def __init__(self, problem: str, wait: float | None = None, *, held: bool = False) -> None:
        super().__init__(problem)
        self.wait = wait
        self.held = held


# The first that fits any error of the chain; the more special stand before the more general.
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, "the certificate could not be verified"),
    (ProxyError, "the proxy of the environment could not be used"),
    (ssl.SSLError, "no secure connection"),
    (http.client.IncompleteRead, "the answer ends too early"),
    (http.client.LineTooLong, "a head without end"),
    (http.client.RemoteDisconnected, "hung up without an answer"),
    (http.client.HTTPException, "no answer that is HTTP"),
    (InvalidHeader, "no answer that is HTTP"),
    (ConnectionRefusedError, "connection refused"),
    (TimeoutError, "no answer in time"),
    (ConnectionError, "the connection broke"),
)


def in_words(error: BaseException) -> str:
    """What went wrong, from the library's error and from all that it came from."""
    chain = list(_chain(error))
    for kind, words in _WORDS:
        if any(isinstance(one, kind) for one in chain):
            return words
    return f"no answer that could be read ({type(error).__name__})"


def lasting(error: BaseException) -> bool:
    """Whether trying again at once is in vain: a certificate does not mend itself."""
    return any(isinstance(one, ssl.SSLCertVerificationError) for one in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, what it holds, and what it came from; each once."""
    seen: set[int] = set()
    ahead = [error]
    while ahead:
        one = ahead.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        held = [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
        ahead += [other for other in held if isinstance(other, BaseException)]

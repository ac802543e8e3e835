"""The one polite way to ask a service: who we are, not too often, not too much, not for ever."""

import io
import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import requests
import tenacity
import urllib3

from digest import __version__
from digest.errors import SourceError

MAX_BODY = 64 * 1024 * 1024
MAX_REDIRECTS = 5
_CHUNK = 65_536
_OK = frozenset((200,))
_UNCHANGED = 304
_BUSY = frozenset((429, 500, 502, 503, 504))
_SHORT_WAIT = 30.0
_SILENCE = 20.0  # seconds without a byte
_ATTEMPTS = 3


class _BusyError(Exception):
    """The service asks for patience; `wait` are the seconds it named, if any."""

    def __init__(self, problem: str, wait: float | None) -> None:
        super().__init__(problem)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said: its status, its headers (by name in any case) and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer to be read as a stream, from a place that takes little memory.

    `unchanged`: the service says that nothing is new since the answer that `known` was given for;
    then there is nothing to read. `known` is what to say next time, "" where that cannot be said.
    """

    body: BinaryIO
    unchanged: bool = False
    known: str = ""


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, until when, and which answers are no error; headers may hold a key."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    expected: frozenset[int]
    end: float


@dataclass(slots=True)
class PoliteSession:
    """Asks services with a contact address, spaced per host, under a deadline and a size cap.

    Args:
        contact: a mail address that a service's operator can write to, or None.
        spacing: seconds between two requests to one host (arXiv asks for three).
        deadline: seconds that one answer may take, with all its attempts.
        sleep: waits; should return early when the program is asked to stop.
        stopping: whether the program was asked to stop.
        clock: seconds that only go forward.
    """

    contact: str | None
    spacing: float = 3.0
    deadline: float = 90.0
    sleep: Callable[[float], object] = time.sleep
    stopping: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic
    _session: requests.Session = field(default_factory=requests.Session)
    _last: dict[str, float] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Introduce ourselves."""
        contact = f"; mailto:{self.contact}" if self.contact else ""
        self._session.headers["User-Agent"] = f"digest/{__version__} (paper digest{contact})"

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    def get(
        self,
        source: str,
        url: str,
        params: dict[str, str] | None = None,
        accept: str = "*/*",
        *,
        left: float = math.inf,
    ) -> bytes:
        """The body of an answer with status 200.

        Raises:
            SourceError: for every other outcome; with `retry_at` where the service named a time.
        """
        return self.ask(source, url, params, {"Accept": accept}, left=left).body

    @contextmanager
    def open(
        self,
        source: str,
        url: str,
        params: dict[str, str] | None = None,
        accept: str = "*/*",
        *,
        known: str = "",
        left: float = math.inf,
        foreign: bool = False,  # noqa: ARG002 - guarded by the connections to come
    ) -> Iterator[Opened]:
        """A large answer, to be read as a stream while the context lasts.

        Args:
            source: who asks, for errors.
            url: what is asked.
            params: its query.
            accept: the kinds of answers that can be read.
            known: what an earlier answer's `known` was: the service may say "unchanged".
            left: seconds that may be taken.
            foreign: the address is somebody else's word: it may not lead into private networks.

        Raises:
            SourceError: for every other outcome; with `retry_at` where the service named a time.
        """
        headers = {"Accept": accept, **(json.loads(known) if known else {})}
        answer = self.ask(source, url, params, headers, frozenset((200, _UNCHANGED)), left=left)
        validators = {
            ask: answer.headers[name]
            for ask, name in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
            if name in answer.headers
        }
        unchanged = answer.status == _UNCHANGED
        said = known if unchanged else json.dumps(validators) if validators else ""
        yield Opened(io.BytesIO(answer.body), unchanged, said)

    def ask(
        self,
        source: str,
        url: str,
        params: dict[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        expected: frozenset[int] = _OK,
        *,
        left: float = math.inf,
    ) -> Answer:
        """The answer to a request with headers, if its status is one of those expected.

        The headers are not sent on to another host, since they may hold a key.

        Raises:
            SourceError: for every other outcome; with `retry_at` where the service named a time.
        """
        end = self.clock() + min(self.deadline, left)
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_BusyError),
            wait=_patience,
            stop=_enough,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            target = requests.Request("GET", url, params=params).prepare().url or url
            return attempts(self._once, _Question(target, headers or {}, expected, end))
        except _BusyError as busy:
            retry_at = None
            if busy.wait:
                retry_at = datetime.now(UTC) + timedelta(seconds=busy.wait)
            raise SourceError(source, f"{busy} at {url}", retry_at) from busy
        except requests.TooManyRedirects as error:
            raise SourceError(source, f"redirected in circles at {url}") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise SourceError(source, f"{_in_words(error)} at {url}") from error

    def _once(self, question: _Question) -> Answer:
        """One attempt, redirects followed by hand: the body of a redirect is never read."""
        target = question.url
        try:
            for _ in range(MAX_REDIRECTS + 1):
                with self._send(target, question) as answer:
                    self._back_off(target, answer)
                    if "Location" in answer.headers and answer.is_redirect:
                        target = _next(target, answer.headers["Location"])
                        continue
                    if answer.status_code in _BUSY:
                        wait = _retry_after(
                            answer.headers.get("Retry-After") or answer.headers.get("Backoff")
                        )
                        raise _BusyError(f"answered {answer.status_code} {answer.reason}", wait)
                    if answer.status_code not in question.expected:
                        raise requests.HTTPError(f"answered {answer.status_code} {answer.reason}")
                    body = self._read(answer, question.end)
                    return Answer(answer.status_code, answer.headers, body)
        except (requests.ConnectionError, requests.Timeout) as error:
            if "NameResolutionError" in str(error):  # no network: trying again changes nothing
                raise requests.RequestException("no such host, or no network") from error
            raise _BusyError(_in_words(error), None) from error
        except requests.RequestException:
            raise
        except ValueError as error:  # the library looks at where a redirect leads before we do
            raise requests.HTTPError("redirected to something that is no web address") from error
        raise requests.TooManyRedirects

    def _send(self, url: str, question: _Question) -> requests.Response:
        self._wait_for_turn(urlsplit(url).hostname or "")
        if self.stopping():
            raise requests.RequestException("stopped before the answer")
        left = question.end - self.clock()
        if left <= 0:
            raise requests.RequestException(f"no answer within {self.deadline:.0f} s")
        same_host = urlsplit(url)[:2] == urlsplit(question.url)[:2]
        return self._session.get(
            url,
            headers=dict(question.headers) if same_host else {},
            timeout=min(left, _SILENCE),
            stream=True,
            allow_redirects=False,
        )

    def _back_off(self, url: str, answer: requests.Response) -> None:
        """Leave a host alone for as long as it asks in passing, with an answer that is complete."""
        wait = _retry_after(answer.headers.get("Backoff"))
        if wait:
            with self._turn:
                self._last[urlsplit(url).hostname or ""] = self.clock() + wait - self.spacing

    def _read(self, answer: requests.Response, end: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := answer.raw.read1(_CHUNK, decode_content=True):
            size += len(part)
            if size > MAX_BODY:
                raise requests.RequestException(f"answer larger than {MAX_BODY >> 20} MB")
            if self.clock() > end or self.stopping():
                raise requests.RequestException(f"no complete answer within {self.deadline:.0f} s")
            parts.append(part)
        return b"".join(parts)

    def _sleep(self, seconds: float) -> None:
        self.sleep(seconds)

    def _wait_for_turn(self, host: str) -> None:
        with self._turn:
            wait = self._last.get(host, float("-inf")) + self.spacing - self.clock()
            if wait > max(_SHORT_WAIT, self.spacing):
                raise _BusyError("asked us to wait", wait)
            if wait > 0:
                self._sleep(wait)
            self._last[host] = self.clock()


def _next(url: str, location: str) -> str:
    """Where a redirect leads; never from https to http."""
    try:
        target = urljoin(url, location)
        scheme = urlsplit(target).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https"):
        raise requests.HTTPError("redirected to something that is no web address")
    if url.startswith("https:") and not target.startswith("https:"):
        raise requests.HTTPError("redirected from https to http")
    return target


def _patience(state: tenacity.RetryCallState) -> float:
    """As long as the service asked, else 2, 4, 8… seconds."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _BusyError) and error.wait is not None:
        return error.wait
    return float(2**state.attempt_number)


def _enough(state: tenacity.RetryCallState) -> bool:
    """After three attempts, and where a long wait is asked for: that belongs to the next run."""
    error = state.outcome.exception() if state.outcome else None
    long = isinstance(error, _BusyError) and (error.wait or 0) > _SHORT_WAIT
    return long or state.attempt_number >= _ATTEMPTS


def _retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header: a number or a date, at most a day."""
    if not value:
        return None
    try:
        seconds = float(value)
        if not math.isfinite(seconds):
            return None
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), 86_400.0)


def _in_words(error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "the certificate could not be verified"
    if isinstance(error, requests.Timeout) and not error.args:
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection" if "refused" not in str(error).lower() else "connection refused"
    if isinstance(error, requests.Timeout) and "timed out" in str(error):
        return "no answer in time"
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__

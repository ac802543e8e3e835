"""The one polite way to ask a service: who we are, not too often, not too much, not for ever."""

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import requests
import tenacity
import urllib3

from digest import __version__
from digest.errors import SourceError
from digest.intake.answers import (
    BUSY,
    LARGE,
    OK,
    REDIRECTS,
    SMALL,
    TOO_OFTEN,
    UNCHANGED,
    Answer,
    Got,
    Opened,
    Question,
    judge,
    named_wait,
    told,
)
from digest.intake.dialing import SILENCE, Exchange, Line, Resolver, resolve
from digest.intake.failing import BusyError, RefusedError, in_words, lasting
from digest.intake.known import conditions, known_of
from digest.intake.reading import PACKINGS, Caps, read_body
from digest.intake.turns import SHORT_WAIT, Book, LocalBook, Patience, Turn, budget_of, turn
from digest.intake.urls import (
    host_of,
    leads_to,
    names_somebody,
    origin_of,
    prepared,
    shown,
)

__all__ = ["Answer", "Opened", "PoliteSession"]

MAX_REDIRECTS = 5
_ATTEMPTS = 3
_AFTER_TOO_OFTEN = 600.0  # seconds, where a service says "too often" and names no time


@dataclass(slots=True)
class PoliteSession:
    """Asks services with a contact address, spaced per host, under a deadline and caps.

    Args:
        contact: a mail address that a service's operator can write to, or None.
        spacing: seconds between two requests to one host; arXiv's hosts together have three.
        deadline: seconds that one answer may take, with all its attempts, redirects and waits.
        sleep: waits; should return early when the program is asked to stop.
        stopping: whether the program was asked to stop.
        clock: seconds that only go forward.
        now: the time (aware), for dates in answers and for when to ask again.
        private_hosts: hosts that feeds may lead to although they are in a private network.
        book: whose turn it is to ask a host; of this session alone unless one is given.
        find: finds the addresses of a host.
        chance: a number from 0 to 1, so that many who failed together do not come back together.
    """

    contact: str | None
    spacing: float = 1.0
    deadline: float = 90.0
    sleep: Callable[[float], object] = time.sleep
    stopping: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    private_hosts: frozenset[str] = frozenset()
    book: Book | None = None
    find: Resolver = resolve
    chance: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        """Keep turns for ourselves until they are shared."""
        if self.book is None:
            self.book = LocalBook(self.clock)

    def get(
        self,
        source: str,
        url: str,
        params: dict[str, str] | None = None,
        accept: str = "*/*",
        *,
        left: float = math.inf,
    ) -> bytes:
        """The body of an answer with status 200, of at most 32 MB.

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
        foreign: bool = False,
    ) -> Iterator[Opened]:
        """A large answer, complete, to be read as a stream while the context lasts.

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
        target = self._target(source, url, params, foreign=foreign)
        asked = conditions(target, known)
        expected = OK | {UNCHANGED} if asked else OK
        headers = {"Accept": accept, **asked}
        question = self._question(target, headers, expected, LARGE, left, foreign=foreign)
        got = self._fetch(source, question)
        with got.body:
            if got.status == UNCHANGED:
                yield Opened(got.body, unchanged=True, known=known)
            else:
                validators = known_of(target, got.headers) if got.at_home else ""
                yield Opened(got.body, known=validators, url=got.url, headers=got.headers)

    def ask(
        self,
        source: str,
        url: str,
        params: dict[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        expected: frozenset[int] = OK,
        *,
        left: float = math.inf,
    ) -> Answer:
        """The answer to a request with headers, if its status is one of those expected.

        The headers are not sent on to another host, since they may hold a key.

        Raises:
            SourceError: for every other outcome; with `retry_at` where the service named a time.
        """
        target = self._target(source, url, params, foreign=False)
        question = self._question(target, headers or {}, expected, SMALL, left, foreign=False)
        got = self._fetch(source, question)
        with got.body:
            return Answer(got.status, got.headers, got.body.read())

    @staticmethod
    def _target(source: str, url: str, params: Mapping[str, str] | None, *, foreign: bool) -> str:
        """The whole address that is asked.

        Raises:
            SourceError: it is none, or holds a name and a password that are somebody else's word.
        """
        try:
            target = prepared(url, params)
        except RefusedError as error:
            raise SourceError(source, f"{error}: {shown(url)}") from error
        if foreign and names_somebody(target):
            raise SourceError(source, f"an address with a name or a password in it: {shown(url)}")
        return target

    def _question(
        self,
        url: str,
        headers: Mapping[str, str],
        expected: frozenset[int],
        caps: Caps,
        left: float,
        *,
        foreign: bool,
    ) -> Question:
        private = {name: value for name, value in headers.items() if name.lower() != "accept"}
        accept = next((headers[name] for name in headers if name.lower() == "accept"), "*/*")
        seconds = max(min(self.deadline, left), 0.0)
        end = self.clock() + seconds
        return Question(url, accept, private, expected, caps, foreign, seconds, end)

    def _fetch(self, source: str, question: Question) -> Got:
        """Ask, again where that may help; what goes wrong becomes an error with the source's name.

        Raises:
            SourceError: there is no answer that was expected.
        """
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(BusyError),
            wait=self._pause,
            stop=lambda state: self._enough(state, question.end),
            sleep=self._sleep,
            reraise=True,
        )
        place = shown(question.url)
        try:
            return attempts(self._once, question)
        except BusyError as busy:
            retry_at = self.now() + timedelta(seconds=busy.wait) if busy.wait else None
            raise SourceError(source, f"{busy} at {place}", retry_at) from busy
        except RefusedError as error:
            advice = f"; {error.advice}" if error.advice else ""
            raise SourceError(source, f"{error} at {place}{advice}") from error

    def _once(self, question: Question) -> Got:
        """One attempt, redirects followed by hand: the body of a redirect is never read."""
        target, trusted = question.url, set[tuple[str, int]]()
        seen = {target}
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._hop(target, question, trusted)
            if isinstance(answer, Got):
                return answer
            target = answer
            if target in seen:
                raise RefusedError("redirected in circles")
            seen.add(target)
        raise RefusedError(f"redirected more than {MAX_REDIRECTS} times")

    def _hop(self, target: str, question: Question, trusted: set[tuple[str, int]]) -> Got | str:
        """One request: the answer, or where it leads on to."""
        free = self._free(question)
        way = Line(
            free, trusted, self.find, self.clock, question.end, question.seconds, self.stopping
        )
        budget = budget_of(host_of(target), self.spacing)
        waiting = Patience(self.clock, question.end, self.sleep, self.stopping, self.chance)
        with turn(self._turns, budget, waiting) as ours, way as line:
            try:
                return self._exchange(target, question, line, ours)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                line.look()  # where it was cut, that is why
                if lasting(error):
                    raise RefusedError(in_words(error)) from error
                raise BusyError(in_words(error)) from error

    def _free(self, question: Question) -> frozenset[str]:
        """The hosts that may be in private networks, for one question.

        A feed that is not the owner's own may not lead to the owner's hosts either.
        """
        first = host_of(question.url)
        if question.foreign and first not in self.private_hosts:
            return frozenset()
        return self.private_hosts | {first}

    def _exchange(self, target: str, question: Question, line: Line, ours: Turn) -> Got | str:
        """Send a request and read what comes back, over a line of its own."""
        at_home = origin_of(target) == origin_of(question.url)
        request = requests.Request(
            "GET",
            target,
            headers={
                "User-Agent": self._name(),
                "Accept": question.accept,
                "Accept-Encoding": PACKINGS,
                "Connection": "close",
                **(question.headers if at_home else {}),
            },
        ).prepare()
        line.look()
        with requests.Session() as surroundings, closing(Exchange(line)) as exchange:
            found = surroundings.merge_environment_settings(target, {}, True, None, None)
            trusted = found["verify"] or True  # certificates are always verified
            with exchange.send(
                request, stream=True, timeout=SILENCE, verify=trusted, proxies=found["proxies"]
            ) as answer:
                ours.answered()
                line.look()
                line.head_is_here()
                self._obey(answer, ours)
                if answer.status_code in REDIRECTS and "Location" in answer.headers:
                    return leads_to(target, answer.headers["Location"])
                judge(answer.status_code, answer.reason, question, at_home=at_home)

                def look() -> None:
                    line.look()
                    ours.keep()

                packing = answer.headers.get("Content-Encoding", "")
                body = read_body(answer.raw, packing, question.caps, look)
                return Got(answer.status_code, answer.headers, body, at_home, target)

    def _obey(self, answer: requests.Response, ours: Turn) -> None:
        """Leave a host alone for as long as it asks, be it with an answer or in place of one.

        Raises:
            BusyError: in place of one.
        """
        wait = named_wait(answer.status_code, answer.headers, self.now())
        if wait:
            self._turns.hold(ours.budget, wait)
        if answer.status_code in BUSY:
            problem = told(answer.status_code, answer.reason)
            if answer.status_code == TOO_OFTEN and wait is None:
                self._turns.hold(ours.budget, _AFTER_TOO_OFTEN)
                raise BusyError(problem, _AFTER_TOO_OFTEN, held=True)
            raise BusyError(problem, wait, held=True)

    @property
    def _turns(self) -> Book:
        assert self.book is not None  # noqa: S101 - see __post_init__
        return self.book

    def _name(self) -> str:
        contact = f"; mailto:{self.contact}" if self.contact else ""
        return f"digest/{__version__} (paper digest{contact})"

    def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.sleep(seconds)

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Before another attempt: 2, 4… seconds, a quarter more or less.

        What the service named itself is waited for at the next turn.
        """
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, BusyError) and error.held and error.wait:
            return 0.0
        return float(2**state.attempt_number) * (0.75 + 0.5 * self.chance())

    def _enough(self, state: tenacity.RetryCallState, end: float) -> bool:
        """After three attempts, and where the wait is too long: that belongs to the next run."""
        error = state.outcome.exception() if state.outcome else None
        wait = error.wait if isinstance(error, BusyError) and error.wait else 0.0
        longest = min(SHORT_WAIT, end - self.clock())
        return (
            state.attempt_number >= _ATTEMPTS
            or self.stopping()
            or max(wait, 2.0**state.attempt_number) > longest
        )

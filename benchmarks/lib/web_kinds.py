"""The kinds of pages that `bin/bench web` measures; a new one is a line."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, quote_plus

from digest.links import Purpose, Token
from lib.web_bed import SEED, Town

_FAR = 2  # days that both houses have papers of


@dataclass(frozen=True, slots=True)
class Asker:
    """Makes addresses of a town's pages: the same for the same number."""

    town: Town

    def chance(self, number: int) -> random.Random:
        """Chance of one address."""
        return random.Random(SEED + number)  # noqa: S311 - the same addresses every time

    def words(self, number: int) -> str:
        """A question of two words."""
        return quote_plus(", ".join(self.chance(number).sample(list(self.town.words), 2)))

    def day(self, number: int) -> str:
        """One of the last days, as an ISO date; 0 is today."""
        return (self.town.day - timedelta(days=number % _FAR)).isoformat()

    def paper(self, number: int) -> str:
        """The key of one of the newest thousand papers."""
        return quote(self.chance(number).choice(self.town.keys[-1000:]), safe=":/")

    def link(self, purpose: Purpose, number: int) -> str:
        """A mailed link of a purpose, without the base."""
        return self.town.links.url(self._token(purpose, number)).removeprefix(self.town.links.base)

    def _token(self, purpose: Purpose, number: int) -> Token:
        chance, town = self.chance(number), self.town
        handle = chance.choice(town.handles)
        position = str(chance.randint(1, town.picks[handle]))
        named = {
            Purpose.CONFIRM: (chance.choice(town.nonces), town.day),
            Purpose.MOVE: (chance.choice(town.moving), town.day, (chance.choice("on"),)),
            Purpose.INVITE: (f"invite{number}", town.day),
            Purpose.PREFERENCES: (handle, town.day),
            Purpose.EDITION: (handle, town.day),
            Purpose.WHY: (handle, town.day, (position,)),
            Purpose.VOTE: (handle, town.day, (position + chance.choice("mlxs"),)),
        }
        return Token(purpose, *named.get(purpose, (handle,)))


Make = Callable[[Asker, int], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of page: its name, and its addresses by number."""

    name: str
    address: Make


def _mailed(purpose: Purpose, more: str = "") -> Make:
    return lambda asker, number: asker.link(purpose, number) + more


KINDS = (
    Kind("front page", lambda _asker, _number: "/"),
    Kind("a day", lambda asker, number: f"/day/{asker.day(number)}"),
    Kind("a week", lambda asker, _number: f"/week/{asker.day(0)}"),
    Kind("a month", lambda asker, _: f"/month/{asker.day(0)[:7]}"),
    Kind("feed of the day", lambda _asker, _number: "/day.atom"),
    Kind("feed of the week, RSS", lambda _asker, _number: "/week.rss"),
    Kind("search", lambda asker, number: f"/search?q={asker.words(number)}"),
    Kind("feed of a search", lambda asker, number: f"/search.atom?q={asker.words(number)}"),
    Kind("a paper", lambda asker, number: f"/paper/{asker.paper(number)}"),
    Kind("subscribe", lambda _asker, _number: "/subscribe"),
    Kind("preview", lambda asker, number: f"/preview?interests={asker.words(number)}"),
    Kind("preview, part", lambda asker, number: f"/preview/part?interests={asker.words(number)}"),
    Kind("confirm", _mailed(Purpose.CONFIRM)),
    Kind("unsubscribe", _mailed(Purpose.UNSUBSCRIBE)),
    Kind("vote", _mailed(Purpose.VOTE)),
    Kind("why", _mailed(Purpose.WHY)),
    Kind("archive", _mailed(Purpose.ARCHIVE)),
    Kind("archive, searched", lambda a, n: f"{a.link(Purpose.ARCHIVE, n)}?q={a.words(n)}"),
    Kind("edition", _mailed(Purpose.EDITION)),
    Kind("private feed", _mailed(Purpose.FEED)),
    Kind("preferences", _mailed(Purpose.PREFERENCES)),
    Kind("export", _mailed(Purpose.PREFERENCES, "/export")),
    Kind("delete", _mailed(Purpose.PREFERENCES, "/delete")),
    Kind("new address", _mailed(Purpose.MOVE)),
)
UNRENDERED = frozenset(("export",))  # no template: nothing to hold beside a bare page

# What scanners follow: how many links of each purpose there are among a hundred.
MAILED = {
    Purpose.VOTE: 40,
    Purpose.WHY: 4,
    Purpose.EDITION: 12,
    Purpose.ARCHIVE: 10,
    Purpose.FEED: 6,
    Purpose.PREFERENCES: 10,
    Purpose.UNSUBSCRIBE: 12,
    Purpose.CONFIRM: 4,
    Purpose.MOVE: 2,
}

"""What pages worked out of the store lately, for whoever asks for the same in the next minute."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar, cast

from flask import current_app, g

from digest.web.kept import Kept
from digest.web.site import visit
from digest.wiring import House

MOST = 60  # of each kind: lists of papers, each some hundred KB
LIFE = timedelta(seconds=60)
_KEY = "digest lately"

_Value = TypeVar("_Value")


@dataclass(slots=True)
class _Lately:
    """What was made from a house, by kind; an edited configuration begins anew."""

    house: House
    kinds: dict[str, Kept[Any]] = field(default_factory=dict)


def keep(kind: str, named: Hashable, make: Callable[[], _Value]) -> _Value:
    """What a page makes of the papers of the store, or made since these last changed.

    Counts may be as old as the life of what is kept.

    Args:
        kind: what kind of value it is.
        named: what tells it from others of its kind.
        make: makes it; two who come at once may both do so.
    """
    if "change" not in g:
        g.change = visit().house.store.papers.last_change()
    return keep_stated(kind, (g.change, named), make)


def keep_stated(kind: str, stated: Hashable, make: Callable[[], _Value]) -> _Value:
    """What a page makes of rows, or made of the same rows within the last minute.

    Args:
        kind: what kind of value it is.
        stated: what tells it from others of its kind, and from itself before its rows changed.
        make: makes it; two who come at once may both do so.
    """
    here = visit()
    lately: _Lately | None = current_app.extensions.get(_KEY)
    if lately is None or lately.house is not here.house:
        lately = current_app.extensions[_KEY] = _Lately(here.house)
    kept = lately.kinds.setdefault(kind, Kept(MOST, LIFE))
    return cast("_Value", kept.get(stated, here.now, make))

"""Bounds for templates that the person who runs this wrote: what they may call, and how much.

Jinja's sandbox keeps templates from what Python has underneath. It does not keep a loop within a
loop from running for a year, nor "x" * 10**9 from filling the memory. So all work is counted: each
turn of a loop, each call, each sign that is set, compared or cut out costs a part of what one
letter may cost. The count is the same on every machine, and no clock is needed.
"""

import functools
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import Any

from jinja2 import (
    BaseLoader,
    StrictUndefined,
    Template,
    TemplateRuntimeError,
    nodes,
)
from jinja2.exceptions import SecurityError
from jinja2.filters import make_attrgetter
from jinja2.runtime import BlockReference, LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace
from markupsafe import Markup

from digest.letters.counting import Counting

WORK = 5_000_000  # for one part of a letter; fifty papers need a tenth of it
LONGEST = 1_000_000  # signs of one text, and of a part of a letter
MOST_TURNS = 1000  # of range()
_TURN = 20  # what a turn or a call costs, in signs
_LOOK = 1000  # and what it costs to look for a template
_DEEPEST = 20  # lists within lists: what goes through them all is no loop that could be counted
_MOST_PLACES = 20  # of round()
_INTEGER = 2**63
_FILTERS = frozenset(
    [
        "abs",
        "batch",
        "capitalize",
        "count",
        "d",
        "default",
        "e",
        "escape",
        "first",
        "float",
        "groupby",
        "int",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "select",
        "selectattr",
        "slice",
        "sort",
        "striptags",
        "title",
        "trim",
        "truncate",
        "unique",
        "upper",
        "urlencode",
        "wordcount",
    ]
)
_OF_TEXT = frozenset(
    [
        "capitalize",
        "endswith",
        "isdigit",
        "lower",
        "lstrip",
        "removeprefix",
        "removesuffix",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "title",
        "upper",
    ]
)
_GROUPS = frozenset(("batch", "slice"))  # their number is how many there are of each
_CALLABLE = (Macro, BlockReference, LoopContext, Joiner)
_LONG = (str, list, tuple, dict)
_SCALARS = (str, int, float, Undefined)


class _Purse(threading.local):
    left = WORK


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment in which a template can do nothing but set text, and that within bounds."""

    intercepted_binops = frozenset(("+", "-", "*", "**", "%"))

    def __init__(self, loader: BaseLoader, *, escapes: bool, **filters: Callable[..., Any]) -> None:
        """Prepare an environment.

        Args:
            loader: finds templates.
            escapes: whether what is set is HTML.
            filters: those that letters have besides Jinja's.
        """
        super().__init__(
            loader=loader,
            autoescape=escapes,
            undefined=StrictUndefined,
            optimized=False,
            auto_reload=False,
            finalize=self._set,
            keep_trailing_newline=not escapes,
        )
        self._purse = _Purse()
        own = {name: self.filters[name] for name in _FILTERS} | filters
        self.filters.clear()
        self.filters.update({name: self._metered(name, function) for name, function in own.items()})
        for name, function in self.tests.items():
            self.tests[name] = self._weighing(function)  # type: ignore[arg-type]
        self.globals.clear()
        self.globals.update(range=bounded_range, namespace=Namespace, joiner=Joiner, cycler=Cycler)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Begin to count anew: for one part of a letter."""
        self._purse.left = WORK
        yield

    def spend(self, work: int) -> None:
        """Take note of work.

        Raises:
            TemplateRuntimeError: where it is more than a letter can need.
        """
        self._purse.left -= work
        if self._purse.left < 0:
            raise TemplateRuntimeError("this is more work than any letter needs: an endless loop?")

    def weighed(self, value: Any) -> Any:  # noqa: ANN401 - any value's
        """A value that is about to be gone through without a loop: compared, sorted, cut."""
        places = [iter((value,))]
        while places:
            one = next(places[-1], places)
            if one is places:
                places.pop()
                continue
            self.spend(1 + len(one) if isinstance(one, str) else _TURN)
            if isinstance(one, (list, tuple, dict)):
                if len(places) > _DEEPEST:
                    raise SecurityError("lists within lists, too deep for a letter")
                parts = itertools.chain(one, one.values()) if isinstance(one, dict) else iter(one)
                places.append(parts)
        return value

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401 - any value's
        """What a letter's values hold, the quick way; all else as the library has it."""
        if attribute in getattr(type(obj), "__dataclass_fields__", ()):
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:  # noqa: ANN401 - any value's
        """A part by its name or number."""
        return super().getitem(obj, _key(argument))

    def _load_template(self, name: Any, globals: Any) -> Template:  # noqa: A002, ANN401
        """A template that another asks for."""
        self.spend(_LOOK)
        if not isinstance(name, str):
            raise TemplateRuntimeError("a template is asked for by its name, a text")
        return super()._load_template(name, globals)

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ANN401 - whatever a template calls
        """Macros, blocks, loops, what is built in here, and methods of text that do not grow it."""
        if obj in (bounded_range, Namespace, Joiner, Cycler) or isinstance(obj, _CALLABLE):
            return True
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if isinstance(owner, str):
            return name in _OF_TEXT
        return isinstance(owner, LoopContext) and name in ("cycle", "changed")

    def call(self, context: Any, obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """A call, counted."""
        if getattr(obj, "__self__", None) is self:  # what `Counting` wrote; no template can
            return obj(*args)
        self.spend(_TURN)
        if not self.is_safe_callable(obj):
            named = getattr(obj, "__name__", type(obj).__name__)
            raise SecurityError(f"{named}() is not to be had here")
        if not isinstance(obj, (Macro, BlockReference)):  # what these do is counted within
            for one in (getattr(obj, "__self__", None), *args, *kwargs.values()):
                self.spend(len(one) if isinstance(one, str) else 0)
                self.weighed(one)
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
        """An operation on what is not too long, nor grows too long by it."""
        if operator == "**":
            raise SecurityError("** is not to be had here: nothing in a letter needs it")
        if operator == "%" and not isinstance(left, (int, float)):
            raise SecurityError("% sets no text here: join it with ~")
        if operator == "*":
            times = [n for n in (left, right) if isinstance(n, int)]
            long = [len(one) for one in (left, right) if isinstance(one, Sized)]
            if long and times and long[0] * times[0] > LONGEST // _TURN:
                raise SecurityError("this would be too long")
            self.spend(max(long[0] * times[0], 0) if long and times else 0)
        elif isinstance(left, Sized) and isinstance(right, Sized):
            self.spend(len(left) + len(right))
            _check(len(left) + len(right))
        return _number(super().call_binop(context, operator, left, right))

    def sliced(self, value: Any) -> Any:  # noqa: ANN401 - any value's
        """What is about to be cut: the part is a copy."""
        self.spend(_length(value))
        return value

    def key(self, value: Any) -> Any:  # noqa: ANN401 - any value's
        """What a part is named by."""
        return _key(value)

    def joined(self, *parts: object) -> str:
        """What ~ does, of texts that are not too long together."""
        texts: list[str] = [part if isinstance(part, str) else str(_scalar(part)) for part in parts]
        total = sum(map(len, texts))
        self.spend(total)
        _check(total)
        if self.autoescape and any(isinstance(part, Markup) for part in parts):
            return Markup("").join(texts)
        return "".join(texts)

    def _set(self, value: object) -> object:
        """What every {{ }} goes through."""
        self.spend(1 + (len(value) if isinstance(value, str) else len(str(_scalar(value)))))
        return value

    def _metered(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter that is counted, and is given nothing to make a giant of."""

        @functools.wraps(function)
        def metered(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any filter's
            given = [_bounded(one) for one in args]
            for one in (*given, *kwargs.values()):
                self.spend(_TURN + _length(one))
                self.weighed(one)
                if name in _GROUPS and isinstance(one, int) and one > MOST_TURNS:
                    raise SecurityError(f"{name}({one}) is more than a letter holds")
                if name == "round" and isinstance(one, int) and one is not given[0]:
                    _check_places(one)
            if name == "join":
                _take_attribute(self, given, kwargs)
                _check(_length_of_joined(given, kwargs))
            if name == "replace":
                _check(_length_of_replaced(given, kwargs))
            found = function(*given, **kwargs)
            if isinstance(found, str):
                _check(len(found))
            return _number(found)

        return metered

    def _weighing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A test that is counted."""

        @functools.wraps(function)
        def weighing(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any test's
            for one in (*args, *kwargs.values()):
                self.weighed(one)
            return function(*args, **kwargs)

        return weighing

    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,  # noqa: FBT001, FBT002 - the library's signature
    ) -> str:
        """Count the turns of every loop and macro: the count is written into the template."""
        counted: nodes.Template = Counting(self, _TURN, name, filename).visit(source)
        return super()._generate(counted, name, filename, defer_init)


def bounded_range(*bounds: int) -> range:
    """A range of at most so many turns."""
    found = range(*bounds)
    if len(found) > MOST_TURNS:
        raise SecurityError(f"range() goes to {MOST_TURNS} at most here")
    return found


def _check(length: int) -> None:
    if length > LONGEST:
        raise SecurityError("a text grows longer than any letter")


def _scalar(value: object) -> object:
    """A list is not set as it is: its text could be of any length."""
    if value is None or isinstance(value, _SCALARS):
        return value
    if hasattr(type(value), "__html__") or isinstance(value, Macro):
        return value
    raise SecurityError(f"a {type(value).__name__} cannot be set: set its parts, or join them")


def _number(value: Any) -> Any:  # noqa: ANN401 - any value's
    """A value; whole numbers only as large as anything in a letter."""
    if isinstance(value, int) and abs(value) >= _INTEGER:
        raise SecurityError("a number grows too large")
    return value


def _check_places(places: int) -> None:
    if abs(places) > _MOST_PLACES:
        raise SecurityError(f"round() goes to {_MOST_PLACES} places at most here")


def _key(value: Any) -> Any:  # noqa: ANN401 - any value's
    if value is None or isinstance(value, _SCALARS):
        return value
    raise SecurityError(f"a {type(value).__name__} names no part: take a text or a number")


def _take_attribute(environment: Sandbox, given: list[Any], kwargs: dict[str, Any]) -> None:
    """Put what is to be joined in place of what it is an attribute of, so that it is measured."""
    attribute = given.pop() if len(given) > 3 else kwargs.pop("attribute", None)  # noqa: PLR2004
    if attribute is not None and len(given) > 1:
        given[1] = list(map(make_attrgetter(environment, attribute), given[1]))


def _bounded(value: Any) -> Any:  # noqa: ANN401 - any argument of a filter
    """What can be gone through once only, as a list of bounded length."""
    if isinstance(value, Iterator):
        value = list(itertools.islice(value, LONGEST // _TURN))
    return value


def _length_of_joined(given: list[Any], kwargs: dict[str, Any]) -> int:
    parts = given[1] if len(given) > 1 else ()
    between = str(_scalar(given[2] if len(given) > 2 else kwargs.get("d", "")))  # noqa: PLR2004
    if isinstance(parts, str) or not isinstance(parts, Sized):
        return 0
    every: Iterable[Any] = parts  # type: ignore[assignment]
    texts = [str(_scalar(part)) for part in every]
    return sum(map(len, texts)) + len(between) * len(texts)


def _length_of_replaced(given: list[Any], kwargs: dict[str, Any]) -> int:
    named = (kwargs.get("old", ""), kwargs.get("new", ""))
    text, old, new = (str(_scalar(one)) for one in (*given[1:4], *named[len(given) - 2 :])[:3])
    return len(text) + (text.count(old) + 1) * len(new)


def _length(value: object) -> int:
    return len(value) if isinstance(value, _LONG) else 0

"""All that is stored about a reader, as JSON, written piece by piece."""

import base64
import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from digest.model import Reader
from digest.store import Store
from digest.store.export import SECTIONS


def export_of(store: Store, reader: Reader, now: datetime) -> Iterator[str]:
    """The pieces of one JSON document; each is small, however much is stored.

    Mails are told of, with what became of them, but not repeated: the editions hold what they
    said. Nothing in it opens a page: links are left out.

    Args:
        store: where it is.
        reader: whose.
        now: the time (aware).
    """
    head = {"what": "all that The Paper Digest stores about one reader", "made": now}
    yield "{\n" + "".join(f"{_json(name)}: {_json(value)},\n" for name, value in head.items())
    yield f'"reader": {_json(store.export.reader(reader.handle))},\n'
    yield f'"asked": {_json(store.export.asked(reader.handle))}'
    for name in SECTIONS:
        yield f",\n{_json(name)}: ["
        between = "\n"
        for record in store.export.section(name, reader.handle):
            yield between + _json(record)
            between = ",\n"
        yield "\n]" if between == ",\n" else "]"
    yield "\n}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_written)


def _written(value: Any) -> str:  # noqa: ANN401 - whatever a column holds
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    return str(value)

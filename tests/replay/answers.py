"""An answer before it goes over the wire."""

import hashlib
import json
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and headers; one with validators can be asked for again for nothing."""

    body: bytes
    status: int = 200
    kind: str = "application/xml"
    headers: dict[str, str] = field(default_factory=dict)
    validated: bool = False

    @property
    def mark(self) -> str:
        """The ETag of the body."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'


NOT_FOUND = Answer(b"not here", 404, "text/plain")


def xml(text: str, status: int = 200) -> Answer:
    """XML in UTF-8, with validators where it is no error."""
    return Answer(text.encode(), status, "application/xml; charset=utf-8", validated=status == 200)


def as_json(content: object, status: int = 200) -> Answer:
    """JSON in UTF-8."""
    return Answer(json.dumps(content).encode(), status, "application/json")

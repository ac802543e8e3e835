"""HTML as a browser would act on it: what would run, what would be asked of others."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

_ASKS = ("action", "formaction", "href", "poster", "src", "srcset")
_ONLY_NAMED = ("alternate", "canonical")  # links that no browser follows by itself
_LETS_GO = ("http", "https", "mailto")


@dataclass
class Seen(HTMLParser):
    """What stands in a page: scripts by address, whatever acts by itself, addresses, and text."""

    scripts: list[str] = field(default_factory=list)
    acting: list[str] = field(default_factory=list)
    addresses: list[tuple[str, str]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """As the parser wants it."""
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and what its attributes do."""
        named = {name: value or "" for name, value in attrs}
        if tag == "script":
            self.scripts.append(named.get("src", "inline"))
        if tag in ("base", "embed", "frame", "iframe", "img", "meta", "object", "style"):
            harmless = tag == "meta" and "http-equiv" not in named
            self.acting += [] if harmless else [f"<{tag}>"]
        self.acting += [f"{tag} {name}" for name in named if name.startswith("on")]
        self.acting += [f"{tag} style"] if "style" in named else []
        kind = "a" if tag == "link" and named.get("rel") in _ONLY_NAMED else tag
        self.addresses += [(kind, named[name]) for name in _ASKS if name in named]

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text.append(data)

    @property
    def said(self) -> str:
        """All text."""
        return "".join(self.text)

    def bad_addresses(self) -> list[str]:
        """Addresses that would run something."""
        found = (address for _, address in self.addresses)
        return [one for one in found if urlsplit(one).scheme not in ("", *_LETS_GO)]

    def loaded_from_others(self) -> list[str]:
        """What the browser would fetch by itself from elsewhere."""
        return [a for tag, a in self.addresses if tag not in ("a", "form") and "//" in a]


def seen(page: str) -> Seen:
    """A page, read."""
    found = Seen()
    found.feed(page)
    found.close()
    return found

"""Which work is this? Stable keys from ids, addresses and titles.

arXiv ids have two forms: `2401.12345` (since April 2007; five digits since 2015) and
`hep-th/9901001` before; both may carry a version, `v2`.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

_NEW_STYLE = r"\d{4}\.\d{4,5}"
_OLD_STYLE = r"[a-z][a-z-]*(?:\.[A-Za-z]{2})?/\d{7}"
_ARXIV = re.compile(rf"(?P<id>{_NEW_STYLE}|{_OLD_STYLE})(?:v(?P<version>[1-9]\d{{0,2}}))?")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_ARXIV_DOI = re.compile(rf"10\.48550/arxiv\.(?P<id>{_NEW_STYLE}|{_OLD_STYLE})", re.IGNORECASE)
_LONGEST_DOI = 250
_PAPER_HOSTS = {"arxiv.org", "export.arxiv.org", "huggingface.co", "hf.co", "alphaxiv.org"}


@dataclass(frozen=True, slots=True)
class Identifier:
    """A key and the version that was named with it (1 where none was)."""

    key: str
    version: int = 1


def read_identifier(written: str) -> Identifier | None:
    """Understand an id as people and services write it, or return None.

    Takes `2401.12345v2`, `arXiv:2401.12345`, `oai:arXiv.org:2401.12345v1`, `hep-th/9901001`,
    `doi:10.1101/…`, a bare DOI, and addresses of arXiv, Hugging Face papers and doi.org.
    """
    text = written.strip()
    if "://" in text:
        return _from_address(text)
    lowered = text.lower()
    for prefix in ("oai:arxiv.org:", "arxiv:"):
        if lowered.startswith(prefix):
            return _from_arxiv(text[len(prefix) :])
    if lowered.startswith("doi:"):
        return _from_doi(text[4:])
    return _from_arxiv(text) or _from_doi(text)


def title_key(title: str) -> str:
    """The key of a paper that has no id: a hash of its letters and digits, case aside."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    letters = "".join(char for char in plain if char.isalnum())
    return "title:" + hashlib.sha256(letters.encode()).hexdigest()[:20]


def is_strong(key: str) -> bool:
    """Whether a key names one work for sure; a title's key is only a good guess."""
    return not key.startswith("title:")


def arxiv_id(key: str) -> str | None:
    """The bare arXiv id of a key, if it is one."""
    return key.removeprefix("arxiv:") if key.startswith("arxiv:") else None


def home_of(key: str) -> str | None:
    """The address of a paper's abstract page, where its key tells it."""
    if key.startswith("arxiv:"):
        return f"https://arxiv.org/abs/{key.removeprefix('arxiv:')}"
    if key.startswith("doi:"):
        return f"https://doi.org/{quote(key.removeprefix('doi:'), safe='/.:;()_-')}"
    return None


def pdf_of(key: str) -> str | None:
    """The address of a paper's PDF, where its key tells it."""
    found = arxiv_id(key)
    return f"https://arxiv.org/pdf/{found}" if found else None


def _from_address(address: str) -> Identifier | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    host = (parts.hostname or "").removeprefix("www.")
    path = unquote(parts.path).strip("/")
    if host in ("doi.org", "dx.doi.org"):
        return _from_doi(path)
    if host in _PAPER_HOSTS and "/" in path:
        return _from_arxiv(path.split("/", 1)[1].removesuffix(".pdf"))
    return None


def _from_arxiv(text: str) -> Identifier | None:
    match = _ARXIV.fullmatch(text.strip())
    if match is None:
        return None
    bare = re.sub(r"\.[A-Za-z]{2}/", "/", match["id"])  # math.GT/0309136 is math/0309136
    return Identifier(f"arxiv:{bare}", int(match["version"] or 1))


def _from_doi(text: str) -> Identifier | None:
    text = text.strip().rstrip(".,;")
    if not _DOI.fullmatch(text) or len(text) > _LONGEST_DOI or not text.isprintable():
        return None
    if arxiv := _ARXIV_DOI.match(text):
        return Identifier(f"arxiv:{arxiv['id']}")
    return Identifier(f"doi:{text.lower()}")

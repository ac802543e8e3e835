"""Which work is this? Stable keys from ids, addresses and titles.

arXiv ids have two forms: `2401.12345` (since April 2007; five digits since 2015) and
`hep-th/9901001` before; both may carry a version, `v2`. bioRxiv and medRxiv number their papers
`10.1101/2024.01.02.123456` (until 2019 without the date; since December 2025 under 10.64898), with
a version in addresses only. docs/identity.md says what is one work.
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
_ARXIV_DOI = re.compile(
    rf"10\.48550/arxiv\.((?:{_NEW_STYLE}|{_OLD_STYLE})(?:v\d+)?)", re.IGNORECASE
)
_ARXIV_LISTED = re.compile(
    r"(?P<id>\S+)\s*(?:\[[\w.-]+\]|\([\w.-]+\)).{0,40}"
)  # id [cs.LG] 3 Jan 2024
_OPENRXIV = r"10\.(?:1101|64898)/(?:\d{4}\.\d{2}\.\d{2}\.)?\d{6,8}"
# DOIs of preprints, lower case, with the version that some carry.
_PREPRINTS = tuple(
    (service, re.compile(rf"(?P<id>{pattern})(?:{version}(?P<version>[1-9]\d?))?"))
    for service, pattern, version in (
        ("openrxiv", _OPENRXIV, "v"),
        ("researchsquare", r"10\.21203/rs\.\d+\.rs-\d+", "/v"),
        ("chemrxiv", r"10\.26434/chemrxiv-\d{4}-[a-z\d]{5}", "-v"),
        ("preprints", r"10\.20944/preprints\d{6}\.\d{4}", r"\.v"),
        ("ssrn", r"10\.2139/ssrn\.\d+", "v"),
        ("osf", r"10\.31\d{3}/osf\.io/[a-z\d]{5}", "_v"),
    )
)
# Data and software, which bear the titles of papers.
_DEPOSITS = ("doi:10.5281/zenodo.", "doi:10.6084/m9.figshare.", "doi:10.5061/dryad.")
_LONGEST_DOI = 250
_PAPER_HOSTS = {
    "arxiv.org",
    "export.arxiv.org",
    "browse.arxiv.org",
    "ar5iv.org",
    "ar5iv.labs.arxiv.org",
    "huggingface.co",
    "hf.co",
    "alphaxiv.org",
}
_PAPER_PAGES = {"abs", "pdf", "html", "papers", "ps", "format", "overview"}
_OPENRXIV_HOSTS = {"biorxiv.org", "medrxiv.org"}
_OPENRXIV_PAGE = re.compile(
    rf"content/(?:[a-z]+/early/\d{{4}}/\d\d/\d\d/)?(?P<doi>{_OPENRXIV}(?:v\d+)?)(?:[./].*)?"
)
_OPENRXIV_EARLY = re.compile(
    r"content/(?:[a-z]+/)?early/(?P<year>\d{4})/\d\d/\d\d/"
    r"(?P<id>(?:\d{4}\.\d\d\.\d\d\.)?\d{6,8}(?:v\d+)?)(?:\..*)?"
)
_MOVED = 2025  # the year in which bioRxiv and medRxiv got another prefix
# Where a publisher's address holds the DOI: for the paper itself, not for its data or comments.
_DOI_PAGES = {
    "dl.acm.org": r"doi/(?:abs/|full/|pdf/|fullhtml/|epdf/)?",
    "onlinelibrary.wiley.com": r"doi/(?:abs/|full/|pdf/|epdf/|pdfdirect/)?",
    "science.org": r"doi/(?:abs/|full/|pdf/|epdf/|reader/)?",
    "pnas.org": r"doi/(?:abs/|full/|pdf/|epdf/)?",
    "pubs.acs.org": r"doi/(?:abs/|full/|pdf/|epdf/)?",
    "tandfonline.com": r"doi/(?:abs/|full/|pdf/|epdf/)?",
    "journals.sagepub.com": r"doi/(?:abs/|full/|pdf/|epdf/)?",
    "link.springer.com": r"(?:article|chapter|content/pdf)/",
    "nature.com": r"articles/",
    "iopscience.iop.org": r"article/",
    "journals.aps.org": r"[a-z]+/(?:abstract|pdf)/",
    "frontiersin.org": r"(?:journals/[a-z-]+/)?articles/",
}
_ENDINGS = re.compile(r"(?:\.pdf|/(?:full|abstract|pdf|meta|epub))$")
_NATURE = re.compile(r"s\d{5}-\d{3}-\d{4,5}-[\dxy]")
_BARE_HOSTS = _PAPER_HOSTS | _OPENRXIV_HOSTS | {"doi.org", "dx.doi.org"}
_ARXIV_PAGE = re.compile(r"https?://(?:export\.)?arxiv\.org/abs/(?P<id>[\w./-]{9,30})")
_NO_LETTERS = re.compile(r"[\W_]+")
_BRACKETS = (("(", ")"), ("[", "]"), ("<", ">"), ("{", "}"))


@dataclass(frozen=True, slots=True)
class Identifier:
    """A key and the version that was named with it (1 where none was)."""

    key: str
    version: int = 1


def read_identifier(written: str) -> Identifier | None:
    """Understand an id as people and services write it, or return None.

    Takes `2401.12345v2`, `arXiv:2401.12345 [cs.LG]`, `oai:arXiv.org:2401.12345v1`,
    `hep-th/9901001`, `doi:10.1101/…`, a bare DOI, and addresses of arXiv, Hugging Face papers,
    bioRxiv, medRxiv, doi.org and of publishers whose addresses hold the DOI.
    """
    text = written.strip()
    if "://" in text:
        return _from_address(text)
    lowered = text.lower()
    for prefix in ("oai:arxiv.org:", "arxiv:"):
        if lowered.startswith(prefix):
            listed = _ARXIV_LISTED.fullmatch(text, len(prefix))
            return _from_arxiv(listed["id"] if listed else text[len(prefix) :])
    for prefix in ("doi:", "info:doi/", "urn:doi:", "doi "):
        if lowered.startswith(prefix):
            return _from_doi(text[len(prefix) :])
    host, slash, _ = lowered.partition("/")
    if slash and host.removeprefix("www.") in _BARE_HOSTS:
        return _from_address(f"https://{text}")
    return _from_arxiv(text) or _from_doi(text)


def title_key(title: str) -> str:
    """The key of a paper that has no id: a hash of its letters and digits, case aside."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    letters = _NO_LETTERS.sub("", plain)
    return "title:" + hashlib.sha256(letters.encode()).hexdigest()[:20]


def is_strong(key: str) -> bool:
    """Whether a key names one work for sure; a title's key is only a good guess."""
    return not key.startswith("title:")


def service_of(key: str) -> str:
    """Who gave an id: a service that numbers one work once, so that two of its ids are two works.

    DOIs of preprints belong to their server, all others are those of publishers.
    """
    kind, _, name = key.partition(":")
    if kind != "doi":
        return kind
    return next((service for service, form in _PREPRINTS if form.fullmatch(name)), kind)


def is_deposit(key: str) -> bool:
    """Whether an id is of data or software; such a thing bears the title of the paper it is for."""
    return key.startswith(_DEPOSITS)


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
    plain = _ARXIV_PAGE.fullmatch(address)  # nearly all there are
    if plain and (found := _from_arxiv(plain["id"])):
        return found
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    host = (parts.hostname or "").removeprefix("www.")
    path = unquote(parts.path).strip("/")
    if host in ("doi.org", "dx.doi.org"):
        return _from_doi(path)
    page, _, rest = path.partition("/")
    if host in _PAPER_HOSTS and page in _PAPER_PAGES:
        return _from_arxiv(rest.removesuffix(".pdf"))
    if host in _OPENRXIV_HOSTS:
        return _from_openrxiv(path)
    return _from_publisher(host, path)


def _from_openrxiv(path: str) -> Identifier | None:
    """A page of bioRxiv or medRxiv; older ones are without the prefix of their DOI."""
    if found := _OPENRXIV_PAGE.fullmatch(path):
        return _from_doi(found["doi"])
    found = _OPENRXIV_EARLY.fullmatch(path)
    if found is None or int(found["year"]) >= _MOVED:
        return None
    return _from_doi(f"10.1101/{found['id']}")


def _from_publisher(host: str, path: str) -> Identifier | None:
    form = _DOI_PAGES.get(host)
    found = re.match(form, path.lower()) if form else None
    if found is None:
        return None
    name = _ENDINGS.sub("", path[found.end() :])
    if host == "nature.com":
        return _from_doi(f"10.1038/{name}") if _NATURE.fullmatch(name) else None
    return _from_doi(name)


def _from_arxiv(text: str) -> Identifier | None:
    match = _ARXIV.fullmatch(text.strip())
    if match is None:
        return None
    bare = re.sub(r"\.[A-Za-z]{2}/", "/", match["id"])  # math.GT/0309136 is math/0309136
    return Identifier(f"arxiv:{bare}", int(match["version"] or 1))


def _from_doi(text: str) -> Identifier | None:
    text = _without_marks(text.strip())
    if not _DOI.fullmatch(text) or len(text) > _LONGEST_DOI or not text.isprintable():
        return None
    if arxiv := _ARXIV_DOI.fullmatch(text):
        return _from_arxiv(arxiv[1])
    text = text.lower()
    for _, form in _PREPRINTS:
        if found := form.fullmatch(text):
            return Identifier(f"doi:{found['id']}", int(found["version"] or 1))
    return Identifier(f"doi:{text}")


def _without_marks(doi: str) -> str:
    """A DOI without what a sentence put behind it; brackets of its own stay."""
    while doi:
        last = doi[-1]
        opened = next((left for left, right in _BRACKETS if right == last), None)
        foreign = opened is not None and doi.count(opened) < doi.count(last)
        if last not in ".,;:!?\"'\u201d\u2019" and not foreign:
            break
        doi = doi[:-1]
    return doi

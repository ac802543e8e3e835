"""arXiv papers by id, from the API: for papers that a reader likes and the store has never seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from digest.errors import SourceError
from digest.identity import home_of, pdf_of, read_identifier
from digest.intake.http import PoliteSession
from digest.intake.normal import clean, clean_names, clean_title, clean_words
from digest.intake.paper import with_title_key
from digest.model import Paper
from digest.sources import Parsed
from digest.sources.xml import entries, root_tag

NAME = "arxiv ids"
IDS_A_REQUEST = 100
_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"


@dataclass(frozen=True, slots=True)
class ArxivIds:
    """Looks papers up by their arXiv ids."""

    session: PoliteSession
    address: str

    def look_up(self, ids: Sequence[str]) -> tuple[Paper, ...]:
        """The papers that the service knows of these; at most `IDS_A_REQUEST` are asked for.

        Raises:
            SourceError: when the service cannot be asked or reports an error.
        """
        asked = list(ids)[:IDS_A_REQUEST]
        body = self.session.get(
            NAME,
            self.address,
            {"id_list": ",".join(asked), "max_results": str(len(asked))},
            accept="application/atom+xml",
        )
        return parse_answer(body)


def parse_answer(body: bytes) -> tuple[Paper, ...]:
    """Read an answer of the API.

    Raises:
        SourceError: for anything but a feed, and for the error entry that the API answers with.
    """
    tag = root_tag(NAME, body)
    if tag != f"{_ATOM}feed":
        raise SourceError(NAME, f"an unknown kind of XML (<{tag}>)")
    parsed = Parsed()
    papers: list[Paper] = []
    for element in entries(NAME, body, frozenset((f"{_ATOM}entry",))):
        paper = _paper(element)
        if isinstance(paper, str):
            parsed.trouble(paper)
        else:
            papers.append(paper)
    if parsed.troubles and not papers:
        raise SourceError(NAME, parsed.troubles[0])
    return tuple(papers)


def _paper(element: Element) -> Paper | str:
    """A paper, or what is wrong with the entry."""
    written = element.findtext(f"{_ATOM}id", "")
    if "/api/errors" in written:
        said = clean(element.findtext(f"{_ATOM}summary", ""), 200)
        return f"the service reports an error: {said}"
    identifier = read_identifier(written)
    title = clean_title(element.findtext(f"{_ATOM}title", ""))
    if identifier is None or not title:
        return f"an entry without id or title ({clean(written, 80)!r})"
    names = [author.findtext(f"{_ATOM}name", "") for author in element.iter(f"{_ATOM}author")]
    primary = element.find(f"{_ARXIV}primary_category")
    terms = [category.get("term", "") for category in element.iter(f"{_ATOM}category")]
    return Paper(
        keys=with_title_key(identifier.key, title),
        title=title,
        abstract=clean(element.findtext(f"{_ATOM}summary", "")),
        authors=clean_names(names),
        categories=clean_words(
            [*([primary.get("term", "")] if primary is not None else []), *terms]
        ),
        version=identifier.version,
        url=home_of(identifier.key),
        pdf=pdf_of(identifier.key),
    )

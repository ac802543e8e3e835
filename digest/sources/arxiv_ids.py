"""arXiv papers by id, from the API: for papers that a reader likes and the store has never seen."""

from collections.abc import Sequence
from dataclasses import dataclass

from digest.errors import SourceError
from digest.intake.http import PoliteSession
from digest.model import Paper
from digest.sources.arxiv_api import papers_of

NAME = "arxiv ids"
IDS_A_REQUEST = 100


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
    papers, troubles = papers_of(body, NAME)
    if troubles and not papers:
        raise SourceError(NAME, troubles[0])
    return tuple(papers)

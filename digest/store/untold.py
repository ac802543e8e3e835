"""Papers that no service told of: they came from readers' own libraries, and go with them."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, or_, select, update

from digest.store.merging import NO_VERSION
from digest.store.rows import chunks
from digest.store.schema import library, papers, picks, readers, votes


def untold_of(connection: Connection, handle: str) -> list[int]:
    """The papers that no service told of, in the libraries and votes of one reader."""
    its = select(readers.c.id).where(readers.c.handle == handle)
    referred = [
        papers.c.id.in_(select(table.c.paper_id).where(table.c.reader_id.in_(its)))
        for table in (library, votes)
    ]
    found = select(papers.c.id).where(papers.c.version == NO_VERSION, or_(*referred))
    return list(connection.scalars(found))


def sweep_untold(connection: Connection, numbers: Iterable[int]) -> int:
    """Delete those of these papers that no service told of and nobody refers to any more.

    Only in a turn at papers. Changes go on being counted from where they were.

    Returns:
        how many went.
    """
    lonely = [
        ~select(1).where(table.c.paper_id == papers.c.id).exists()
        for table in (library, votes, picks)
    ]
    its = (papers.c.version == NO_VERSION, papers.c.announced.is_(None), *lonely)
    before = _last_change(connection)
    gone = 0
    for chunk in chunks(numbers):
        gone += connection.execute(delete(papers).where(papers.c.id.in_(chunk), *its)).rowcount
    last = _last_change(connection)
    if last < before:  # its number would be given again, and whoever reads changes would miss that
        connection.execute(update(papers).where(papers.c.change == last).values(change=before + 1))
    return gone


def _last_change(connection: Connection) -> int:
    return connection.scalar(select(func.max(papers.c.change))) or 0

"""arXiv as it answers at a moment: its feeds as Atom and RSS, its API, OAI-PMH."""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from tests.replay.answers import NOT_FOUND, Answer, xml
from tests.replay.calendar import NEW_YORK
from tests.replay.world import ArxivPaper, World

FEED_LIMIT = 2000
MOST_START = 30_000
OAI_PAGE = 100
_ATOM = (
    'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns="http://www.w3.org/2005/Atom"'
)
_OAI = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">\n'
)
_WINDOW = re.compile(r"submittedDate:\[(\d{8,14}) TO (\d{8,14})\]")
_CATEGORY = re.compile(r"cat:([a-z-]+(?:\.[A-Za-z-]+)?)")
_FORMATS = ("arXiv", "arXivRaw", "oai_dc")


@dataclass(frozen=True, slots=True)
class Item:
    """A place in a listing of one or several categories."""

    paper: ArxivPaper
    kind: str
    version: int


def listing(world: World, day: date, categories: Sequence[str]) -> list[Item]:
    """What a feed shows; where several categories are asked together, each paper once."""
    found: dict[str, Item] = {}
    order = ("new", "cross", "replace", "replace-cross")
    for paper in world.arxiv:
        for category, kind, version in paper.shown_on(day):
            known = found.get(paper.id)
            better = known is None or order.index(kind) < order.index(known.kind)
            if category in categories and better:
                found[paper.id] = Item(paper, kind, version)
    items = sorted(found.values(), key=lambda item: (order.index(item.kind), item.paper.id))
    return items[:FEED_LIMIT]


def feed(world: World, now: datetime, path: str, *, stale: bool = False) -> Answer:
    """`/atom/cs.LG+cs.CL` or `/rss/cs.LG`; a stale one shows the listing before, freshly built."""
    form, _, named = path.strip("/").partition("/")
    day = world.calendar.shown(now)
    built = datetime.combine(day, datetime.min.time(), NEW_YORK) + timedelta(minutes=10)
    if stale:
        day -= timedelta(days=1)
        while not world.calendar.lists_on(day):
            day -= timedelta(days=1)
    items = listing(world, day, named.split("+")) if world.calendar.lists_on(day) else []
    make = {"atom": atom_feed, "rss": rss_feed}.get(form)
    return xml(make(named, items, day, built)) if make else NOT_FOUND


def _prefixed(item: Item) -> str:
    work = item.paper.work
    return (
        f"arXiv:{item.paper.id}v{item.version} Announce Type: {item.kind} \n"
        f"Abstract: {work.abstract}"
    )


def atom_feed(named: str, items: Sequence[Item], day: date, built: datetime) -> str:
    """The feed of some categories as Atom."""
    published = datetime.combine(day, datetime.min.time(), NEW_YORK).isoformat()
    entries = "".join(
        f"""<entry><id>oai:arXiv.org:{item.paper.id}v{item.version}</id>
<title>{escape(item.paper.work.title)}</title><updated>{built.isoformat()}</updated>
<link href="https://arxiv.org/abs/{item.paper.id}" rel="alternate" type="text/html"/>
<summary>{escape(_prefixed(item))}</summary>
{"".join(f'<category term="{name}"/>' for name in item.paper.categories_on(day))}
<published>{published}</published><arxiv:announce_type>{item.kind}</arxiv:announce_type>
<dc:creator>{escape(", ".join(item.paper.work.authors))}</dc:creator></entry>
"""
        for item in items
    )
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<feed {_ATOM} xml:lang=\"en-us\">"
        f"<id>http://rss.arxiv.org/atom/{named}</id><title>{named} updates on arXiv.org</title>"
        f"<updated>{built.isoformat()}</updated>{entries}</feed>"
    )


def rss_feed(named: str, items: Sequence[Item], day: date, built: datetime) -> str:
    """The same as RSS 2.0."""
    published = format_datetime(datetime.combine(day, datetime.min.time(), NEW_YORK))
    entries = "".join(
        f"""<item><title>{escape(item.paper.work.title)}</title>
<link>https://arxiv.org/abs/{item.paper.id}</link>
<description>{escape(_prefixed(item))}</description>
<guid isPermaLink="false">oai:arXiv.org:{item.paper.id}v{item.version}</guid>
{"".join(f"<category>{name}</category>" for name in item.paper.categories_on(day))}
<pubDate>{published}</pubDate><arxiv:announce_type>{item.kind}</arxiv:announce_type>
<dc:creator>{escape(", ".join(item.paper.work.authors))}</dc:creator></item>
"""
        for item in items
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel>'
        f"<title>{named} updates on arXiv.org</title><link>http://rss.arxiv.org/rss/{named}</link>"
        f"<lastBuildDate>{format_datetime(built)}</lastBuildDate><pubDate>{published}</pubDate>"
        f"<skipDays><day>Sunday</day><day>Saturday</day></skipDays>{entries}</channel></rss>"
    )


def api(world: World, now: datetime, query: Mapping[str, str], *, partial: bool = False) -> Answer:
    """`search_query` of categories and a window of submission, or `id_list`; by date, paged."""
    start, most = int(query.get("start", "0")), int(query.get("max_results", "10"))
    if start + most > MOST_START or most > FEED_LIMIT:
        return _api_error("max_results must be at most 2000, and start below 30000", now)
    day = world.calendar.shown(now)
    out = [paper for paper in world.arxiv if paper.listed <= day]
    if ids := [one.partition("v")[0] for one in query.get("id_list", "").split(",") if one]:
        found = [paper for paper in out if paper.id in ids]
    else:
        asked = query.get("search_query", "")
        wanted = set(_CATEGORY.findall(asked))
        found = [paper for paper in out if wanted.intersection(paper.categories_on(day))]
        if window := _WINDOW.search(asked):
            begin, end = (_minute(text) for text in window.groups())
            found = [p for p in found if begin <= p.versions[0].submitted < end + _MINUTE]
    by_change = query.get("sortBy") == "lastUpdatedDate"
    found.sort(
        key=lambda p: (p.version_on(day) if by_change else p.versions[0]).submitted,
        reverse=query.get("sortOrder", "descending") == "descending",
    )
    page = found[start : start + most]
    shown = page[: len(page) // 2] if partial else page
    return xml(api_feed(shown, len(found), start, most, day, now))


_MINUTE = timedelta(minutes=1)


def _minute(text: str) -> datetime:
    return datetime.strptime(text.ljust(12, "0")[:12], "%Y%m%d%H%M").replace(tzinfo=UTC)


def api_feed(
    papers: Sequence[ArxivPaper], total: int, start: int, most: int, day: date, now: datetime
) -> str:
    """A page of the API: `total` results in all, these from `start` on."""
    entries = "".join(
        f"""<entry><id>http://arxiv.org/abs/{paper.id}v{paper.version_on(day).number}</id>
<title>{escape(paper.work.title)}</title><updated>{_z(paper.version_on(day).submitted)}</updated>
<link href="https://arxiv.org/abs/{paper.id}" rel="alternate" type="text/html"/>
<link href="https://arxiv.org/pdf/{paper.id}" rel="related" type="application/pdf" title="pdf"/>
<summary>{escape(paper.work.abstract)}</summary>
{
            "".join(
                f'<category term="{c}" scheme="http://arxiv.org/schemas/atom"/>'
                for c in paper.categories_on(day)
            )
        }
<published>{_z(paper.versions[0].submitted)}</published>
<arxiv:comment>{paper.work.number % 30 + 4} pages</arxiv:comment>
{f"<arxiv:doi>{paper.doi}</arxiv:doi>" if paper.doi else ""}
<arxiv:primary_category term="{paper.categories[0]}"/>
{"".join(f"<author><name>{escape(name)}</name></author>" for name in paper.work.authors)}</entry>
"""
        for paper in papers
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        f'<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" {_ATOM}>'
        f"<id>https://arxiv.org/api/abc</id><title>arXiv Query</title><updated>{_z(now)}</updated>"
        f"<opensearch:itemsPerPage>{most}</opensearch:itemsPerPage>"
        f"<opensearch:totalResults>{total}</opensearch:totalResults>"
        f"<opensearch:startIndex>{start}</opensearch:startIndex>{entries}</feed>"
    )


def _api_error(said: str, now: datetime) -> Answer:
    body = (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        f'<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" {_ATOM}>'
        f"<id>https://arxiv.org/</id><title>arXiv Search Results</title><updated>{_z(now)}</updated>"
        "<opensearch:itemsPerPage>1</opensearch:itemsPerPage>"
        "<opensearch:totalResults>1</opensearch:totalResults>"
        "<opensearch:startIndex>0</opensearch:startIndex><entry>"
        f"<id>https://arxiv.org/api/errors#refused</id><title>Error</title><summary>{escape(said)}"
        "</summary><author><name>arXiv api core</name></author></entry></feed>"
    )
    return xml(body, 400)


def _z(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def oai(
    world: World,
    now: datetime,
    query: Mapping[str, str],
    *,
    expired: bool = False,
    partial: bool = False,
) -> Answer:
    """Identify, ListSets and ListRecords with tokens that hold for a day."""
    verb = query.get("verb")
    if verb == "Identify":
        said = (
            "<Identify><repositoryName>arXiv</repositoryName><baseURL>http://loopback/oai</baseURL>"
            "<protocolVersion>2.0</protocolVersion><adminEmail>help@example.org</adminEmail>"
            "<earliestDatestamp>2005-09-16</earliestDatestamp><deletedRecord>persistent</deletedRecord>"
            "<granularity>YYYY-MM-DD</granularity></Identify>"
        )
        return xml(f"{_OAI}{said}</OAI-PMH>")
    if verb != "ListRecords":
        return _oai_error("badVerb", "this verb is not served here")
    asked = dict(query)
    token = _read_token(query["resumptionToken"]) if "resumptionToken" in query else None
    if "resumptionToken" in query:
        issued = datetime.fromisoformat(str(token["issued"])) if token else None
        if token is None or expired or issued is None or now - issued > timedelta(days=1):
            return _oai_error("badResumptionToken", "The token has expired")
        asked = {name: str(value) for name, value in token.items()}
    form = asked.get("metadataPrefix", "")
    if form not in _FORMATS:
        return _oai_error("cannotDisseminateFormat", f"no {form}")
    records = list(_records(world, now, asked))
    if not records:
        return _oai_error("noRecordsMatch", "")
    cursor = int(asked.get("cursor", "0"))
    page = records[cursor : cursor + OAI_PAGE]
    more = ""
    if len(records) > OAI_PAGE:
        text = _token(asked, cursor + OAI_PAGE, now) if cursor + OAI_PAGE < len(records) else ""
        more = (
            f'<resumptionToken cursor="{cursor}" completeListSize="{len(records)}">{text}'
            "</resumptionToken>"
        )
    if partial and not more:
        more = "<record>"  # nothing says how many there are: the answer itself is cut
    shown = page[: len(page) // 2] if partial else page
    body = "".join(_record(world, paper, changed, form, now) for paper, changed in shown)
    head = f"<responseDate>{_z(now)}</responseDate><ListRecords>"
    return xml(f"{_OAI}{head}{body}{more}</ListRecords></OAI-PMH>")


def _records(
    world: World, now: datetime, asked: Mapping[str, str]
) -> Iterator[tuple[ArxivPaper, date]]:
    """Papers with the date on which their record last changed: an earlier one is forgotten."""
    first = date.fromisoformat(asked.get("from", "1990-01-01")[:10])
    last = date.fromisoformat(asked.get("until", "2999-01-01")[:10])
    seen = world.calendar.shown(now)
    following = world.calendar.next_listing(seen)
    out = following if world.calendar.record_out(following) <= now else seen
    for paper in world.arxiv:
        if paper.listed <= out and _in_set(paper, asked.get("set", ""), out):
            changed = paper.changed_on(out)
            if first <= changed <= last:
                yield paper, changed


def _in_set(paper: ArxivPaper, name: str, day: date) -> bool:
    """`cs`, `physics:hep-ex` or `cs:cs:LG`."""
    if not name:
        return True
    _, _, rest = name.partition(":")
    wanted = rest.replace(":", ".") if rest else name
    return any(
        category == wanted or category.partition(".")[0] == wanted
        for category in paper.categories_on(day)
    )


def _record(world: World, paper: ArxivPaper, changed: date, form: str, now: datetime) -> str:
    deleted = paper.deleted is not None and paper.deleted <= changed
    sets = {name.partition(".")[0] for name in paper.categories_on(changed)}
    head = (
        f"<record><header{' status=' + quoteattr('deleted') if deleted else ''}>"
        f"<identifier>oai:arXiv.org:{paper.id}</identifier><datestamp>{changed}</datestamp>"
        f"{''.join(f'<setSpec>{name}</setSpec>' for name in sorted(sets))}</header>"
    )
    if deleted:
        return f"{head}</record>"
    make = {"arXiv": _as_arxiv, "arXivRaw": _as_raw, "oai_dc": _as_dublin}[form]
    return f"{head}<metadata>{make(paper, changed)}</metadata></record>\n"


def _as_arxiv(paper: ArxivPaper, day: date) -> str:
    newest = paper.version_on(day)
    names = (name.rpartition(" ") for name in paper.work.authors)
    authors = "".join(
        f"<author><keyname>{escape(last)}</keyname><forenames>{escape(given)}</forenames></author>"
        for given, _, last in names
    )
    again = f"<updated>{newest.submitted:%Y-%m-%d}</updated>" if newest.number > 1 else ""
    return (
        '<arXiv xmlns="http://arxiv.org/OAI/arXiv/">'
        f"<id>{paper.id}</id><created>{paper.versions[0].submitted:%Y-%m-%d}</created>{again}"
        f"<authors>{authors}</authors><title>{escape(paper.work.title)}</title>"
        f"<categories>{' '.join(paper.categories_on(day))}</categories>"
        f"{f'<doi>{paper.doi}</doi>' if paper.doi else ''}"
        f"<abstract>  {escape(paper.work.abstract)}\n</abstract></arXiv>"
    )


def _as_raw(paper: ArxivPaper, day: date) -> str:
    versions = "".join(
        f'<version version="v{one.number}"><date>{one.submitted:%a, %d %b %Y %H:%M:%S} GMT</date>'
        "<size>21kb</size></version>"
        for one in paper.versions
        if one.listed <= day
    )
    return (
        f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{paper.id}</id>'
        f"<submitter>{escape(paper.work.authors[0])}</submitter>{versions}"
        f"<title>{escape(paper.work.title)}</title>"
        f"<authors>{escape(', '.join(paper.work.authors))}</authors>"
        f"<categories>{' '.join(paper.categories_on(day))}</categories>"
        f"{f'<doi>{paper.doi}</doi>' if paper.doi else ''}"
        f"<abstract>{escape(paper.work.abstract)}</abstract></arXivRaw>"
    )


def _as_dublin(paper: ArxivPaper, day: date) -> str:
    return (
        '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(paper.work.title)}</dc:title>"
        f"{''.join(f'<dc:creator>{escape(name)}</dc:creator>' for name in paper.work.authors)}"
        f"<dc:description>{escape(paper.work.abstract)}</dc:description>"
        f"<dc:date>{paper.version_on(day).submitted:%Y-%m-%d}</dc:date>"
        f"<dc:identifier>http://arxiv.org/abs/{paper.id}</dc:identifier></oai_dc:dc>"
    )


def _oai_error(code: str, said: str) -> Answer:
    return xml(f'{_OAI}<error code="{code}">{escape(said)}</error></OAI-PMH>')


def _token(asked: Mapping[str, str], cursor: int, now: datetime) -> str:
    kept = {
        name: asked[name] for name in ("metadataPrefix", "from", "until", "set") if name in asked
    }
    told = {**kept, "cursor": cursor, "issued": asked.get("issued", now.isoformat())}
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()


def _read_token(text: str) -> dict[str, object] | None:
    try:
        found: dict[str, object] = json.loads(base64.urlsafe_b64decode(text.encode()))
    except ValueError:
        return None
    return found

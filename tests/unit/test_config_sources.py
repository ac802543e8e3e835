"""The settings of sources: what is meant is read, what cannot be meant is named."""

from collections.abc import Callable

import pytest

from digest.config import Settings, load
from digest.config import sources as read
from digest.errors import ConfigError, UsageError


def settings(**keys: str) -> Settings:
    """Settings from an environment of these keys alone."""
    return load(None, {f"DIGEST_{name}": text for name, text in keys.items()})


@pytest.mark.parametrize(
    ("reader", "written", "found"),
    [
        (read.arxiv_categories, "cs.LG, math.PR+hep-th cs.LG", ("cs.LG", "math.PR", "hep-th")),
        (read.fields, "Neuroscience, cell_biology,", ("neuroscience", "cell biology")),
        (
            read.feeds,
            "https://a.example/rss, http://b.example/x/\nhttps://a.example/rss",
            ("https://a.example/rss", "http://b.example/x"),
        ),
        (read.openalex_works, "t10028 https://openalex.org/S42", ("T10028", "S42")),
        (read.private_hosts, "Wiki.Lan., 10.0.0.5 [fd00::1]", ("wiki.lan", "10.0.0.5", "fd00::1")),
    ],
)
def test_lists_are_read_as_people_write_them(
    reader: Callable[[str], tuple[str, ...]], written: str, found: tuple[str, ...]
) -> None:
    """Commas, white space, addresses and capitals do not matter; each is kept once."""
    assert reader(written) == found


@pytest.mark.parametrize(
    ("reader", "written", "said"),
    [
        (read.arxiv_categories, ",", "it names nothing"),
        (read.arxiv_categories, "cs/LG", "is no arXiv category"),
        (read.fields, " , ", "it names nothing"),
        (read.fields, "neuro<script>", "is no category"),
        (read.feeds, "feed.xml", "is no http"),
        (read.feeds, "https://[", "is no http"),
        (read.feeds, "https://me:pw@a.example/rss", "holds a name or a password"),
        (read.openalex_works, "W123", "is no topic, journal or author"),
        (read.private_hosts, "127.0.0.5:8080", "without a port"),
        (read.private_hosts, "http://wiki.lan", "is no host's name"),
        (read.private_hosts, "a/b", "is no host's name"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    reader: Callable[[str], tuple[str, ...]], written: str, said: str
) -> None:
    """In words, and without the password."""
    with pytest.raises(UsageError) as refused:
        reader(written)
    assert said in str(refused.value)
    assert "pw" not in str(refused.value)


def test_a_category_that_arxiv_may_not_have_is_warned_of() -> None:
    """It may be newer than this program: it is asked for all the same."""
    found = settings(ARXIV_CATEGORIES="cs.LG, cs.LF, stat.MLL, cs, hep-th, q-zz.Zz")
    assert found.arxiv_categories == ("cs.LG", "cs.LF", "stat.MLL", "cs", "hep-th", "q-zz.Zz")
    first, second, third = found.warnings
    assert first.startswith("environment: cs.LF is no category of arXiv that is known here: did")
    assert "did you mean cs." in first
    assert "did you mean stat.ML" in second
    assert "q-zz.Zz" in third
    assert not settings(ARXIV_CATEGORIES="cs.LG").warnings
    (said,) = settings(BIORXIV_CATEGORIES="cell_biology, neurosience").warnings
    assert said.endswith(
        "neurosience is no category of bioRxiv that is known here: did you mean neuroscience?"
    )
    assert not settings(
        MEDRXIV_CATEGORIES="hiv/aids, infectious diseases (except HIV/AIDS)"
    ).warnings
    assert len(settings(MEDRXIV_CATEGORIES="urologie").warnings) == 1


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"SOURCES": "feeds"}, "DIGEST_FEEDS says which"),
        ({"SOURCES": "arxiv, openalex"}, "DIGEST_OPENALEX_WORKS says which"),
        ({"SOURCES": ","}, "it names nothing"),
    ],
)
def test_a_source_that_would_never_give_a_paper_is_refused(keys: dict[str, str], said: str) -> None:
    """Nobody runs a digest of nothing on purpose."""
    with pytest.raises(ConfigError, match=said):
        settings(**keys)


def test_what_is_looked_for_names_its_source() -> None:
    """Setting feeds is enough; a source named twice is asked once."""
    assert settings(FEEDS="https://a.example/rss").sources == ("arxiv", "huggingface", "feeds")
    both = settings(SOURCES="biorxiv", BIORXIV_CATEGORIES="genomics", MEDRXIV_CATEGORIES="urology")
    assert both.sources == ("biorxiv", "medrxiv")
    assert settings(SOURCES="medrxiv").sources == ("medrxiv",)

"""Stable keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.identity import (
    Identifier,
    home_of,
    is_deposit,
    read_identifier,
    service_of,
    title_key,
)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2401.12345", Identifier("arxiv:2401.12345")),
        ("2401.12345v7", Identifier("arxiv:2401.12345", 7)),
        ("0704.0001", Identifier("arxiv:0704.0001")),
        ("arXiv:2401.12345v2", Identifier("arxiv:2401.12345", 2)),
        ("oai:arXiv.org:2508.13426v1", Identifier("arxiv:2508.13426")),
        ("hep-th/9901001v3", Identifier("arxiv:hep-th/9901001", 3)),
        ("math.GT/0309136", Identifier("arxiv:math/0309136")),
        ("http://arxiv.org/abs/hep-th/9901001v1", Identifier("arxiv:hep-th/9901001")),
        ("https://arxiv.org/pdf/2401.12345v2.pdf", Identifier("arxiv:2401.12345", 2)),
        ("https://huggingface.co/papers/2401.12345", Identifier("arxiv:2401.12345")),
        ("https://doi.org/10.1101/2024.01.01.123", Identifier("doi:10.1101/2024.01.01.123")),
        ("10.1000/ABC", Identifier("doi:10.1000/abc")),
        ("10.48550/arXiv.2401.12345", Identifier("arxiv:2401.12345")),
    ],
)
def test_ids_as_people_and_services_write_them(written: str, found: Identifier) -> None:
    """All lead to one key, and the version beside it."""
    assert read_identifier(written) == found


@pytest.mark.parametrize(
    "written",
    ["", "abc", "24011.2345", "https://example.org/abs/2401.12345", "10.1/x y", "http://[", "v2"],
)
def test_what_is_no_id(written: str) -> None:
    """Unknown writing and unknown hosts give nothing, never a guess."""
    assert read_identifier(written) is None


def test_a_title_has_one_key_however_it_is_set() -> None:
    """Case, spaces, punctuation, accents and LaTeX powers do not matter."""
    assert title_key("G²SF: Fréchet  Nets") == title_key("g2sf — frechet nets")
    assert title_key("One") != title_key("Two")


def test_homes() -> None:
    """The page of a paper, where its key tells it."""
    assert home_of("arxiv:2401.12345") == "https://arxiv.org/abs/2401.12345"
    assert home_of("doi:10.1/x") == "https://doi.org/10.1/x"
    assert home_of("title:abc") is None
    assert home_of('doi:10.1/"><script>') == "https://doi.org/10.1/%22%3E%3Cscript%3E"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("10.1101/2024.01.01.123456v2", Identifier("doi:10.1101/2024.01.01.123456", 2)),
        ("10.64898/2025.12.03.691234V1", Identifier("doi:10.64898/2025.12.03.691234")),
        ("10.1101/456574v3", Identifier("doi:10.1101/456574", 3)),
        ("10.1101/gr.123456.111v2", Identifier("doi:10.1101/gr.123456.111v2")),
        (
            "https://www.biorxiv.org/content/10.1101/2024.01.01.123456v3.full.pdf+html",
            Identifier("doi:10.1101/2024.01.01.123456", 3),
        ),
        (
            "https://www.medrxiv.org/content/10.1101/2020.03.24.20042937v1?rss=1",
            Identifier("doi:10.1101/2020.03.24.20042937"),
        ),
        ("http://biorxiv.org/content/10.1101/214973.abstract", Identifier("doi:10.1101/214973")),
        (
            "https://www.biorxiv.org/content/biorxiv/early/2018/01/05/243188.full.pdf",
            Identifier("doi:10.1101/243188"),
        ),
        ("https://biorxiv.org/content/early/2017/11/09/214973", Identifier("doi:10.1101/214973")),
        ("10.21203/rs.3.rs-123456/v2", Identifier("doi:10.21203/rs.3.rs-123456", 2)),
        ("10.26434/chemrxiv-2023-abc12-v3", Identifier("doi:10.26434/chemrxiv-2023-abc12", 3)),
        ("10.20944/preprints202401.0001.v2", Identifier("doi:10.20944/preprints202401.0001", 2)),
        ("10.31234/osf.io/abcde_v2", Identifier("doi:10.31234/osf.io/abcde", 2)),
    ],
)
def test_a_version_of_a_preprint_is_the_preprint(written: str, found: Identifier) -> None:
    """Only where the server writes versions so: a journal's DOI may end in v2 as well."""
    assert read_identifier(written) == found


@pytest.mark.parametrize(
    "written",
    [
        "10.1000/ABC.",
        "doi: 10.1000/abc;",
        "DOI 10.1000/abc).",
        "info:doi/10.1000/abc",
        "https://dx.doi.org/10.1000/ABC",
        "doi.org/10.1000/abc",
        "http://www.doi.org/10.1000/abc?utm_source=rss#top",
        "https://doi.org/10.1000%2Fabc",
        "10.1000/abc\u201d",
        "https://dl.acm.org/doi/abs/10.1000/abc",
        "https://www.science.org/doi/10.1000/abc",
        "https://link.springer.com/article/10.1000/abc",
    ],
)
def test_a_doi_however_it_is_quoted(written: str) -> None:
    """Case, prefix, address and what a sentence puts behind it do not matter."""
    assert read_identifier(written) == Identifier("doi:10.1000/abc")


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("10.1016/S0140-6736(20)30183-5", "doi:10.1016/s0140-6736(20)30183-5"),
        ("https://www.nature.com/articles/s41586-020-2649-2.pdf", "doi:10.1038/s41586-020-2649-2"),
        ("https://www.frontiersin.org/articles/10.3389/fpsyg.2020.1/full",
         "doi:10.3389/fpsyg.2020.1"),
        ("arXiv:2401.12345v2 [cs.LG] 3 Jan 2024", "arxiv:2401.12345"),
        ("arXiv:math.GT/0309136 (math.GT)", "arxiv:math/0309136"),
        ("arxiv.org/abs/2401.12345", "arxiv:2401.12345"),
        ("https://hf.co/papers/2401.12345?discussion=1", "arxiv:2401.12345"),
        ("https://ar5iv.labs.arxiv.org/html/2401.12345", "arxiv:2401.12345"),
        ("https://www.alphaxiv.org/abs/2401.12345v1", "arxiv:2401.12345"),
        ("10.48550/arXiv.2401.12345v2", "arxiv:2401.12345"),
    ],
)  # fmt: skip
def test_further_forms(written: str, key: str) -> None:
    """Brackets of a DOI's own stay; listings and mirrors of arXiv are arXiv."""
    found = read_identifier(written)
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize(
    "written",
    [
        "https://huggingface.co/datasets/2401.12345",
        "https://arxiv.org/list/cs.LG/recent",
        "https://dl.acm.org/doi/suppl/10.1145/3366423",
        "https://www.nature.com/articles/d41586-020-02649-2/metrics",
        "https://www.biorxiv.org/content/early/2026/01/05/2026.01.03.123456",
        "https://www.biorxiv.org/content/biorxiv/suppl/2018/243188",
        "https://example.org/doi/10.1000/abc",
        "10.1000/",
    ],
)
def test_addresses_that_name_no_paper_for_sure(written: str) -> None:
    """Data, comments, unknown hosts, and pages whose prefix cannot be told: never a guess."""
    assert read_identifier(written) is None


def test_who_gave_an_id() -> None:
    """Preprint servers are services of their own, and data is no paper."""
    assert service_of("arxiv:2401.12345") == "arxiv"
    assert service_of("doi:10.1101/2024.01.01.123456") == "openrxiv"
    assert service_of("doi:10.64898/2025.12.03.691234") == "openrxiv"
    assert service_of("doi:10.1101/gr.123456.111") == service_of("doi:10.1000/abc") == "doi"
    assert is_deposit("doi:10.5281/zenodo.123")
    assert not is_deposit("doi:10.1000/abc")


@given(st.sampled_from(["10.1000/abc", "10.1101/456574", "2401.12345"]), st.text(max_size=12))
def test_what_is_read_is_read_again(start: str, rest: str) -> None:
    """A key without its prefix gives the same key, whatever was written."""
    found = read_identifier(start + rest)
    if found is not None:
        again = read_identifier(found.key.partition(":")[2])
        assert again is not None
        assert again.key == found.key

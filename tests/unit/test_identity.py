"""Stable keys."""

import pytest

from digest.identity import Identifier, home_of, read_identifier, title_key


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

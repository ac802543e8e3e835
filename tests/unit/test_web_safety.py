"""What every page keeps to: headers, origins, errors as pages."""

from tests.pages import Pages


def test_every_page_has_strict_headers(pages: Pages) -> None:
    """No inline script, no foreign host, no frame, nothing guessed."""
    answer = pages.get("/")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_is_not_there_is_a_page_that_says_so(pages: Pages) -> None:
    """An error is a page in words, without a trace."""
    answer = pages.get("/nowhere/<b>")
    assert answer.status_code == 404
    assert "No such page" in answer.text
    assert "<b>" not in answer.text

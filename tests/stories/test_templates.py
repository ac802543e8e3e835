"""Templates of one's own, from the first copy to a letter, and what happens to a broken one."""

import threading
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from digest.cli.common import utc_now
from digest.config import load
from digest.daemon import Daemon
from digest.errors import TemplateError
from digest.letters.loading import NAMES
from digest.store import open_store
from digest.wiring import build
from tests.conftest import DATA, DAY, Digest, Replay

RUN = ("run", DATA / "papers.jsonl", "--date", DAY)
OWN = Path("own")


@pytest.fixture(autouse=True)
def configured(replay: Replay) -> None:
    """A reader, an owner, a source, an outbox, and a folder of templates that is empty yet."""
    replay.answer("/daily", (DATA / "huggingface_2026-03-17.json").read_bytes())
    lines = (
        "DIGEST_ADDRESS=ann@example.org",
        "DIGEST_OWNER=owner@example.org",
        "DIGEST_KEYWORDS=graph",
        "DIGEST_HOUR=0",
        "DIGEST_SOURCES=huggingface",
        f"DIGEST_HUGGINGFACE={replay.address}/daily",
        "DIGEST_DATABASE=sqlite:///t.db",
        "DIGEST_LOG=digest.log",
        "DIGEST_OUTBOX=out",
        f"DIGEST_TEMPLATES={OWN}",
    )
    OWN.mkdir()
    Path("config.env").write_text("\n".join(lines) + "\n")


def mails(to: str) -> list[EmailMessage]:
    """The mails to somebody, as the outbox has them."""
    files = sorted(Path("out").glob("*.eml"))
    found = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return [mail for mail in found if mail["To"] == to]


def part(mail: EmailMessage, kind: str) -> str:
    """A part of a mail, on one line."""
    body = mail.get_body((kind,))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def change(name: str, old: str, new: str) -> None:
    """Change a template of one's own."""
    text = (OWN / name).read_text(encoding="utf-8")
    assert old in text
    (OWN / name).write_text(text.replace(old, new), encoding="utf-8")


class House:
    """A daemon whose ticks are made by hand."""

    def __init__(self) -> None:
        self.now = utc_now()
        self.daemon = Daemon(
            lambda: load(None, {}),
            lambda settings: build(settings, stopping=threading.Event()),
            lambda: self.now,
            threading.Event(),
        )

    def tick(self, *, later: timedelta = timedelta(minutes=1)) -> int:
        """Look at the clock once more; how many editions were made."""
        self.now += later
        return self.daemon.tick().edited.made


def test_from_a_copy_to_a_letter(digest: Digest) -> None:
    """Copied, changed, checked, previewed, sent; what was there already stays as it was."""
    done = digest("templates", "copy", OWN)
    assert done.code == 0
    assert all(f"{OWN / name}: written" in done.out for name in NAMES)
    change("letter.html.j2", ">The Paper Digest</h1>", ">Ann’s Own Paper</h1>")
    (OWN / "alert.txt.j2").unlink()
    again = digest("templates", "copy", OWN).out
    assert f"{OWN / 'letter.html.j2'}: there already, left as it is" in again
    assert f"{OWN / 'alert.txt.j2'}: written" in again
    for name in set(NAMES) - {"letter.html.j2"}:
        (OWN / name).unlink()

    listed = digest("templates", "list").out.splitlines()
    assert listed[0] == f"letter.html.j2: {OWN / 'letter.html.j2'}"
    assert set(listed[1:]) == {f"{name}: shipped" for name in NAMES[1:]}
    checked = digest("templates", "check")
    assert (checked.code, "letter.html.j2" in checked.out) == (0, True)
    shown = digest("preview", DATA / "papers.jsonl", "--date", DAY, "--output", "-")
    assert "Ann’s Own Paper" in shown.out
    assert digest(*RUN).code == 0
    (mail,) = mails("ann@example.org")
    assert "Ann’s Own Paper" in part(mail, "html")
    assert "THE PAPER DIGEST" in part(mail, "plain")


def test_check_says_all_that_is_wrong_by_file_and_line(digest: Digest) -> None:
    """Of the folder that is named, else of the configuration; nothing is stored."""
    digest("templates", "copy", "other")
    (Path("other") / "note.txt.j2").write_text("{{ letter.url }}\n{{ nothing }}")
    (Path("other") / "alert.html.j2").write_text('<html lang="en">\n<img src="http://x.example">')
    done = digest("templates", "check", "other")
    assert done.code == 1
    assert "other/note.txt.j2, line 2: 'nothing' is undefined\n    → mend it" in done.out
    assert "other/alert.html.j2, line 2: src= fetches" in done.out
    assert digest("templates", "check").code == 0
    missing = digest("templates", "check", "nowhere")
    assert (missing.code, "no such folder" in missing.out) == (1, True)
    assert not Path("t.db").exists()


def test_a_copy_into_what_is_no_folder_says_so(digest: Digest) -> None:
    """With what to do."""
    Path("file").write_text("x")
    done = digest("templates", "copy", "file/below")
    assert done.code == 2
    assert "name another folder" in done.err


def test_a_broken_template_is_told_before_anything_is_queued(digest: Digest) -> None:
    """A run ends with file and line, the owner is told, and the day is the reader's still."""
    (OWN / "letter.txt.j2").write_text("one\n{{ letter.nothing }}")
    done = digest(*RUN)
    assert done.code == 1
    assert "letter.txt.j2, line 2: " in done.err
    assert mails("ann@example.org") == []
    (alert,) = mails("owner@example.org")
    assert "A template is broken" in alert["Subject"]
    assert "letter.txt.j2, line 2" in part(alert, "plain")
    store = open_store("sqlite:///t.db")
    assert store.deliveries.counts() == {"sent": 1}
    store.close()
    preview = digest("preview", DATA / "papers.jsonl", "--date", DAY, "--output", "-")
    assert (preview.code, "letter.txt.j2, line 2" in preview.err) == (1, True)

    (OWN / "letter.txt.j2").unlink()
    assert digest(*RUN).code == 0
    assert len(mails("ann@example.org")) == 1


def test_the_doctor_looks_at_templates(digest: Digest) -> None:
    """What is replaced, and what is wrong with it."""
    ask = ("doctor", "--no-network", "--json")

    def looked() -> list[dict[str, object]]:
        return [one for one in digest(*ask).json["checks"] if one["topic"] == "templates"]

    (one,) = looked()
    assert (one["well"], str(one["said"]).endswith("none")) == (True, True)
    (OWN / "note.html.j2").write_text("<html>\n<p class=x>{{ letter.url }}</p></html>")
    found = looked()
    assert not any(one["well"] for one in found)
    assert "note.html.j2, line 2: class= without quotes" in str(found[1]["said"])
    assert found[1]["mend"]


def test_a_daemon_goes_on_with_the_templates_of_before(digest: Digest) -> None:
    """A folder that breaks under it: letters are set as before, the owner is told once a day."""
    digest("templates", "copy", OWN)
    change("letter.html.j2", ">The Paper Digest</h1>", ">Ann’s Own Paper</h1>")
    digest("readers", "add", "bob@example.org", "--hour", "0")
    house = House()
    (OWN / "letter.txt.j2").write_text("{{ letter.nothing }}")
    with pytest.raises(TemplateError, match=r"letter\.txt\.j2, line 1"):
        house.tick()
    assert mails("ann@example.org") == []
    assert len(mails("owner@example.org")) == 1

    (OWN / "letter.txt.j2").unlink()
    assert house.tick() == 2
    assert digest("status", "--json").json["troubles"] == []
    change("letter.html.j2", ">Ann’s Own Paper</h1>", ">{{ letter.nothing }}</h1>")
    house.tick(later=timedelta(days=1))
    for _ in range(3):
        house.tick()
    told = mails("owner@example.org")
    assert len(told) == 2
    assert "the templates of before" in part(told[1], "plain")
    (trouble,) = digest("status", "--json").json["troubles"]
    assert trouble["topic"] == "template"

    digest("readers", "add", "cyd@example.org", "--hour", "0")
    house.tick()
    (letter,) = mails("cyd@example.org")
    assert "Ann’s Own Paper" in part(letter, "html")
    change("letter.html.j2", ">{{ letter.nothing }}</h1>", ">Another Name</h1>")
    digest("readers", "add", "dot@example.org", "--hour", "0")
    house.tick()
    (letter,) = mails("dot@example.org")
    assert "Another Name" in part(letter, "html")
    assert digest("status", "--json").json["troubles"] == []

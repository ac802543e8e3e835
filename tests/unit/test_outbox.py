"""The outbox: a mail counts with its last word, and twice the same is once."""

import os
from pathlib import Path

import pytest

from digest.delivery import Verdict
from digest.delivery.outbox import Outbox
from digest.errors import ChannelError
from digest.letters.mime import assemble
from digest.model import Message

RAW = assemble(
    [("To", "ann@example.org"), ("Subject", "s")], "text", "<p>Grüße\r\nund mehr</p>", "=_b"
)


def message(label: str = "a") -> Message:
    """A mail that becomes the files of this label."""
    return Message(f"<{label}@example.org>", "d@example.org", "ann@example.org", "s", label, RAW)


def names(folder: Path) -> list[str]:
    """Everything in a folder, hidden or not."""
    return sorted(path.name for path in folder.iterdir())


def test_a_mail_is_there_with_the_last_word(tmp_path: Path) -> None:
    """Before it, nothing that a person would see; after it, both files, whole."""
    outbox = Outbox(tmp_path / "new" / "outbox")
    assert outbox.offer(message()) is None
    assert all(name.startswith(".") for name in names(outbox.folder))
    assert outbox.conclude().verdict is Verdict.SENT
    assert names(outbox.folder) == ["a.eml", "a.html"]
    assert (outbox.folder / "a.eml").read_bytes() == RAW
    assert (outbox.folder / "a.html").read_text() == "<p>Grüße\nund mehr</p>"


def test_twice_the_same_mail_is_one(tmp_path: Path) -> None:
    """So it may be written again after a kill."""
    outbox = Outbox(tmp_path)
    for _ in range(2):
        outbox.offer(message())
        outbox.conclude()
    assert names(tmp_path) == ["a.eml", "a.html"]
    assert outbox.repeatable


@pytest.mark.parametrize("leave", [Outbox.withdraw, Outbox.close, lambda o: o.offer(message("b"))])
def test_what_is_not_concluded_leaves_nothing(tmp_path: Path, leave: object) -> None:
    """Withdrawn, hung up on, or overtaken by the next mail."""
    outbox = Outbox(tmp_path)
    outbox.offer(message())
    leave(outbox)  # type: ignore[operator]
    assert not [name for name in names(tmp_path) if "a.eml" in name]
    outbox.close()
    assert names(tmp_path) == []


def test_a_last_word_without_a_mail_is_a_mistake(tmp_path: Path) -> None:
    """Not silently nothing."""
    outbox = Outbox(tmp_path)
    outbox.offer(message())
    outbox.withdraw()
    with pytest.raises(RuntimeError):
        outbox.conclude()


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    """The channel is out of order; waiting may mend it."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ChannelError, match="cannot write to the outbox folder") as said:
        Outbox(tmp_path / "file").offer(message())
    assert not said.value.lasting


def test_a_disk_that_fills_up_leaves_nothing_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first writing or at the last word: the mail waits, whole, in the queue."""
    outbox = Outbox(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(ChannelError, match="No space left"):
        patched.setattr(os, "fsync", full)
        outbox.offer(message())
    assert names(tmp_path) == []
    outbox.offer(message())
    with monkeypatch.context() as patched, pytest.raises(ChannelError, match="No space left"):
        patched.setattr(Path, "replace", full)
        outbox.conclude()
    assert names(tmp_path) == []

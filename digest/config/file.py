"""config.env as lines: what sets a key, and a clear word for what does not."""

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path

from dotenv.parser import parse_stream

from digest.config.keys import SECRETS, is_known, unknown
from digest.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the file, or one variable of the environment."""

    key: str
    value: str
    where: str


def entries_of_file(file: Path) -> list[Entry]:
    """The lines of a file that set something.

    Raises:
        ConfigError: naming file and line, and what would be right.
    """
    entries: dict[str, Entry] = {}
    for binding in parse_stream(io.StringIO(_text_of_file(file))):
        written = binding.original.string
        blank = written[: len(written) - len(written.lstrip())]
        line = binding.original.line + len(re.findall(r"\r\n|\r|\n", blank))
        where = f"{file}: line {line}"
        if binding.error:
            raise ConfigError(f"{where}: {_why_unreadable(written)}")
        if binding.key is None:
            continue
        entry = _entry(binding.key, binding.value, written, where, line)
        if earlier := entries.get(entry.key):
            raise ConfigError(
                f"{where}: {entry.key} is set a second time (first at "
                f"{earlier.where.rpartition(': ')[2]}): keep one"
            )
        entries[entry.key] = entry
    return list(entries.values())


def _text_of_file(file: Path) -> str:
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    if text.startswith("\ufeff"):
        raise ConfigError(f"{file}: line 1: begins with a byte-order mark; save it as plain UTF-8")
    return text


def _entry(key: str, value: str | None, written: str, where: str, line: int) -> Entry:
    """A line of the file, refused where its key is unknown or its value runs over lines."""
    if not is_known(key):
        raise ConfigError(f"{where}: {unknown(key)}")
    if value is None:
        raise ConfigError(f"{where}: {key} has no value: write {key}=…")
    if "\n" in value and not written.strip().count("\n"):
        raise ConfigError(f"{where}: the value of {key} holds a line break: write it on one line")
    if "\n" in value:
        raise ConfigError(
            f"{where}: the value of {key} runs on to line {line + value.count(chr(10))}: is a "
            "closing quote missing?"
        )
    return Entry(key, value, where)


def _why_unreadable(written: str) -> str:
    key, _, value = written.strip().partition("=")
    value = value.strip()
    shown = key.strip()[:60]
    if value.startswith('"') and value.count('"') % 2 == 0:
        return (
            f"{shown} begins with a quoted phrase and goes on after it: put the whole value in "
            f"single quotes, {shown}='{value[:60]}'"
        )
    if value[:1] in ("'", '"'):
        return f"the quote that opens the value of {shown} is never closed"
    return f"cannot read {shown!r}: write KEY=value"


def open_to_others(file: Path, entries: list[Entry]) -> bool:
    """Whether others on this machine can read the secrets in a file."""
    holds_secret = any(_holds_secret(entry) for entry in entries)
    return os.name == "posix" and holds_secret and bool(file.stat().st_mode & 0o077)


def _holds_secret(entry: Entry) -> bool:
    """A key of ours that is one, or the address of a database with a password in it."""
    if entry.key == "DIGEST_DATABASE":
        return bool(re.search(r"://[^/@]*:[^/@]+@", entry.value))
    return entry.key in SECRETS and bool(entry.value)

"""The configuration: every mistake is one line that names file, line and key."""

import os
import re
from pathlib import Path

import pytest

from digest.config import KEYS, load
from digest.errors import ConfigError
from digest.model import Keyword, KeywordKind, Manner, Quiet

GOOD = """
# a comment
DIGEST_ADDRESS=ann@example.org
DIGEST_KEYWORDS='"graph neural network"^2, molecules, -survey'   # single quotes hold all
DIGEST_INTEREST_NIGHT_SKY=galaxies, cat:astro-ph.GA
DIGEST_LIKED=2401.12345, https://arxiv.org/abs/2402.00001v2
DIGEST_HOUR=6:30
DIGEST_ZONE=Europe/Berlin
DIGEST_WEEKDAYS=weekdays
export DIGEST_LIMIT=12
"""


SMTP = "DIGEST_SMTP_HOST=h\nDIGEST_SMTP_USER=u\nDIGEST_SMTP_PASSWORD=p\n"


def write(text: str, name: str = "config.env") -> Path:
    """A configuration file in the working directory."""
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file() -> None:
    """Quotes, comments, several interests, liked papers by id and address."""
    write(GOOD)
    settings = load(None, {})
    assert settings.address == "ann@example.org"
    assert settings.minute == 390
    assert settings.zone == "Europe/Berlin"
    assert settings.weekdays == frozenset(range(5))
    assert settings.limit == 12
    names = [interest.name for interest in settings.all_interests]
    assert names == ["keywords", "night sky", "papers like those you liked"]
    phrase = Keyword("graph neural network", KeywordKind.PHRASE, 2.0)
    assert settings.all_interests[0].keywords[0] == phrase
    assert settings.all_interests[2].liked == ("arxiv:2401.12345", "arxiv:2402.00001")


def test_without_a_file_the_defaults_hold() -> None:
    """Nothing needs to be configured."""
    settings = load(None, {})
    assert settings.file is None
    assert not settings.names_a_reader


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://Digest.Example.org/", "https://digest.example.org"),
        ("https://digest.example.org:443/Papers/", "https://digest.example.org/Papers"),
        ("HTTP://LOCALHOST:80", "http://localhost"),
        ("http://[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080"),
        ("https://digest.example.org:8443", "https://digest.example.org:8443"),
    ],
)
def test_a_base_url_is_kept_as_browsers_write_it(written: str, kept: str) -> None:
    """They name the page that a form comes from in that way alone, and forms of others are refused."""
    assert load(None, {"DIGEST_BASE_URL": written}).base_url == kept


@pytest.mark.parametrize("written", ["https://a.example:99999", "https://[zz]", "https://a:b"])
def test_a_base_url_without_a_port_or_host_that_can_be_is_refused(written: str) -> None:
    """In words, as every other mistake."""
    with pytest.raises(ConfigError, match="no host or port"):
        load(None, {"DIGEST_BASE_URL": written})


def test_the_environment_wins_and_names_the_file(tmp_path: Path) -> None:
    """DIGEST_CONFIG names the file; other variables override its lines."""
    path = write("DIGEST_LIMIT=3\nDIGEST_HOUR=5\n", str(tmp_path / "other.env"))
    settings = load(None, {"DIGEST_CONFIG": str(path), "DIGEST_LIMIT": "4"})
    assert (settings.limit, settings.minute, settings.file) == (4, 300, path)
    empty = load(path, {"DIGEST_LIMIT": "", "DIGEST_INTEREST_OWLS": ""})
    assert empty.limit == 10  # an empty value takes back what the file says
    assert not empty.names_a_reader


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "\nDIGEST_KEYWORD=x\n",
            "line 2: unknown key DIGEST_KEYWORD: did you mean DIGEST_KEYWORDS",
        ),
        ("SMTP_HOST=x\n", "line 1: unknown key SMTP_HOST: did you mean DIGEST_SMTP_HOST"),
        ("PATH=x\n", "line 1: unknown key PATH; config.example.env lists every key"),
        (
            "DIGEST_LIMIT=1\n\nDIGEST_LIMIT=2\n",
            r"line 3: DIGEST_LIMIT is set a second time \(first at line 1",
        ),
        ('DIGEST_LIMIT=1\nDIGEST_KEYWORDS="abc\nDIGEST_HOUR=7\n', "line 2: the quote that opens"),
        (
            "DIGEST_KEYWORDS='abc\nDIGEST_LIKED='\n",
            "line 1: the value of DIGEST_KEYWORDS runs on to line 2",
        ),
        (
            'DIGEST_KEYWORDS="graph nets"^2, x\n',
            "line 1: DIGEST_KEYWORDS begins with a quoted phrase",
        ),
        ("\ufeffDIGEST_LIMIT=1\n", "line 1: begins with a byte-order mark"),
        ("DIGEST_LIMIT\n", "line 1: DIGEST_LIMIT has no value"),
        ("just words\n", "line 1: cannot read 'just words'"),
        ("DIGEST_LIMIT=0\n", "line 1: DIGEST_LIMIT: '0' is no number from 1 to 100"),
        ("DIGEST_TREND=101\n", "line 1: DIGEST_TREND: '101' is no share from 0 to 100: write one"),
        ("\nDIGEST_TREND=everybody\n", "line 2: DIGEST_TREND: .* did you mean everyone"),
        ("DIGEST_QUIET=silence\n", "line 1: DIGEST_QUIET: .* write trending, note, nothing"),
        ("DIGEST_ABSTRACTS=some\n", "line 1: DIGEST_ABSTRACTS: 'some' is neither yes nor no"),
        ("DIGEST_TEMPLATES=none\n", "line 1: DIGEST_TEMPLATES: there is no folder none: make it"),
        ("DIGEST_TEMPLATES=config.env\n", "line 1: DIGEST_TEMPLATES: there is no folder config"),
        ("DIGEST_LIMIT=many\n", "DIGEST_LIMIT: 'many' is no number"),
        ("DIGEST_HOUR=25\n", "line 1: DIGEST_HOUR: '25' is no hour"),
        ("DIGEST_ZONE=Europe/Berlim\n", "DIGEST_ZONE: .* did you mean Europe/Berlin"),
        ("DIGEST_ADDRESS=ann\n", "line 1: DIGEST_ADDRESS: 'ann' is no mail address"),
        ("DIGEST_WEEKDAYS=1-5\n", "DIGEST_WEEKDAYS: '1-5' names no weekdays"),
        ("DIGEST_SOURCES=arxiv,hugingface\n", "DIGEST_SOURCES: .* did you mean huggingface"),
        ("DIGEST_ARXIV_CATEGORIES=cs.LG, ../x\n", "no arXiv category"),
        ("DIGEST_HUGGINGFACE=ftp://x\n", "no http"),
        ("DIGEST_HUGGINGFACE=http://[::1\n", "line 1: DIGEST_HUGGINGFACE: "),
        ("DIGEST_OUTBOX=~nosuchuser/x\n", "line 1: DIGEST_OUTBOX: "),
        (SMTP.replace("PASSWORD=p", "PASSWORD=pässwort"), "line 3: .*PASSWORD: this value cannot"),
        ("DIGEST_ZOTERO=roe\n", "line 1: DIGEST_ZOTERO: 'roe' is no Zotero library: write users/"),
        (
            "DIGEST_BIBTEX=a/l.bib, b/l.bib\n",
            "line 1: .* a/l.bib and b/l.bib have the same name: ren",
        ),
        ("DIGEST_ZOTERO_KEY=abc-1\n", "line 1: DIGEST_ZOTERO_KEY: this value cannot be used"),
        (SMTP.replace("HOST=h", "HOST=smtp..example.org"), "no host's name"),
        ("DIGEST_SMTP_CONNECTIONS=21\n", "line 1: .* '21' is no number from 1 to 20"),
        ("DIGEST_SMTP_PER_CONNECTION=0\n", "line 1: .* '0' is no number from 1 to 100000"),
        ("DIGEST_SMTP_PER_MINUTE=0.5\n", "line 1: .* '0.5' is no number from 1 to 100000"),
        ("\r\n\r\n  \nDIGEST_X=1\n", "line 4: unknown key"),
        ("DIGEST_INTEREST__=owls\n", "line 1: unknown key"),
        ("DIGEST_DATABASE=nonsense://x\n", "line 1: DIGEST_DATABASE: 'nonsense' is no database"),
        ("DIGEST_DATABASE=postgres//u@h/n\n", "line 1: .* neither a file nor an address"),
        ("DIGEST_SMTP_CA_FILE=none.pem\n", "line 1: DIGEST_SMTP_CA_FILE: there is no file"),
        (
            'DIGEST_KEYWORDS="ab\\ncd"\n',
            "line 1: the value of DIGEST_KEYWORDS holds a line break",
        ),
        ("DIGEST_INTEREST_X=ab, author:\n", "line 1: DIGEST_INTEREST_X: cannot read"),
        ("DIGEST_LIKED=teapot\n", "line 1: DIGEST_LIKED: .*arXiv id"),
        ("DIGEST_SMTP_HOST=h\n", "DIGEST_SMTP_USER and DIGEST_SMTP_PASSWORD"),
        (SMTP + "DIGEST_KEYWORDS=owls\n", "DIGEST_ADDRESS is not: whom"),
        (SMTP + "DIGEST_SMTP_PORT=465\nDIGEST_SMTP_SECURITY=starttls\n", "465 speaks tls"),
        ("DIGEST_KEYWORDS=abc\nDIGEST_INTEREST_KEYWORDS=def\n", "the same interest as DIGEST_KEY"),
        ("DIGEST_INTEREST_ML=abc\nDIGEST_INTEREST_ml=def\n", "the same interest as"),
        ("DIGEST_KEYWORDS=C++\n", "line 1: DIGEST_KEYWORDS: 'C.*' would find nothing"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, said: str) -> None:
    """One message: file, line, key, what would be right."""
    write(text)
    with pytest.raises(ConfigError, match=said) as caught:
        load(None, {})
    assert str(caught.value).startswith("config.env")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_file_in_another_encoding() -> None:
    """Named with the byte; nothing is guessed."""
    Path("config.env").write_bytes("DIGEST_KEYWORDS=Fréchet\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(None, {})


def test_a_named_file_must_exist() -> None:
    """A missing file that was asked for is an error, not a default."""
    with pytest.raises(ConfigError, match="no such file"):
        load(Path("missing.env"), {})


def test_unknown_variables_of_the_environment_are_warned_of() -> None:
    """They may belong to something else."""
    settings = load(None, {"DIGEST_LIMTI": "3"})
    assert "did you mean DIGEST_LIMIT" in settings.warnings[0]


def test_the_limits_of_a_server() -> None:
    """One connection for a hundred mails each and no limit a minute, unless they are set."""
    plain = load(write(SMTP), {})
    assert (plain.smtp_connections, plain.smtp_per_connection) == (1, 100)
    assert plain.smtp_per_minute is None
    names = ("CONNECTIONS", "PER_CONNECTION", "PER_MINUTE")
    limited = load(None, {f"DIGEST_SMTP_{name}": "7" for name in names})
    assert (limited.smtp_connections, limited.smtp_per_connection) == (7, 7)
    assert limited.smtp_per_minute == 7


def test_the_manner_of_the_letters(tmp_path: Path) -> None:
    """Dial, quiet days, abstracts: as readers have them who say nothing, unless they are set."""
    assert load(None, {}).manner == Manner()
    said = {"TREND": "mostly-everyone", "QUIET": "Note", "ABSTRACTS": "no"}
    settings = load(None, {f"DIGEST_{key}": value for key, value in said.items()})
    assert settings.manner == Manner(80, Quiet.NOTE, abstracts=False)
    assert not settings.names_a_reader  # it says how, and of nobody
    assert load(None, {"DIGEST_TREND": "7 %"}).manner == Manner(7)
    assert settings.templates is None
    assert load(None, {"DIGEST_TEMPLATES": str(tmp_path)}).templates == tmp_path


def test_passwords_are_neither_shown_nor_left_open() -> None:
    """Not in the settings' text; a file that others can read is warned of."""
    path = write("DIGEST_SMTP_HOST=h\nDIGEST_SMTP_USER=u\nDIGEST_SMTP_PASSWORD=canary$1 #x\n")
    path.chmod(0o644)
    settings = load(path, {})
    assert settings.smtp_password == "canary$1"
    assert "canary" not in repr(settings)
    assert "chmod 600" in settings.warnings[0]
    path.chmod(0o600)
    assert load(path, {}).warnings == ()


def test_the_key_of_zotero_is_a_secret_too() -> None:
    """Not in the settings' text; a file that others can read is warned of."""
    path = write("DIGEST_ZOTERO=groups/7/\nDIGEST_ZOTERO_KEY=canary\nDIGEST_BIBTEX=a.bib, b.bib\n")
    path.chmod(0o644)
    settings = load(path, {})
    assert (settings.zotero, settings.zotero_key) == ("groups/7", "canary")
    assert settings.bibtex == (Path("a.bib"), Path("b.bib"))
    assert "canary" not in repr(settings)
    assert "chmod 600" in settings.warnings[0]


def test_the_example_documents_every_key_and_can_be_read(checkout: Path) -> None:
    """config.example.env and the table of keys agree, and its lines are valid."""
    text = (checkout / "config.example.env").read_text(encoding="utf-8")
    documented = set(re.findall(r"^#? ?(DIGEST_[A-Z_]+)=", text, re.MULTILINE))
    interests = {key for key in documented if key.startswith("DIGEST_INTEREST_")}
    assert documented - interests == set(KEYS)
    assert interests
    lines = re.sub(r"^#? ?(?=DIGEST_[A-Z_]+=)", "", text, flags=re.MULTILINE)
    lines = lines.replace("/etc/ssl/lab-ca.pem", str(Path(__file__)))
    lines = lines.replace("~/digest-templates", str(Path(__file__).parent))
    settings = load(write(lines), {})
    assert settings.names_a_reader
    assert os.fspath(settings.outbox or "")

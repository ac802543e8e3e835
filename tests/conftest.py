"""What the tests share: data, stores on both databases, and servers on loopback."""

import json
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from digest.cli import main
from digest.store import Store, open_store
from tests.databases import blank_postgresql, open_blank_sqlite
from tests.postgresql import NoServerError, drop_database, throwaway_server

if TYPE_CHECKING:
    from tests.pages import Pages

hypothesis.settings.register_profile("digest", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("digest")

DATA = Path(__file__).parent / "data"
DAY = date(2026, 3, 17)
NOW = datetime(2026, 3, 17, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_home_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the settings, data and logs of the person who runs it."""
    for name in [name for name in os.environ if name.startswith("DIGEST_")]:
        if name != "DIGEST_SHARED":
            monkeypatch.delenv(name)
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home" / name.lower()))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data, beside the checkout or by DIGEST_SHARED; skips without it."""
    place = Path(os.environ.get("DIGEST_SHARED") or Path(__file__).parents[2] / "shared")
    if not (place / "README.md").is_file():
        pytest.skip("no folder of real data (shared/, or DIGEST_SHARED)")
    return place


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of our own, empty; skips where none is installed."""
    with ExitStack() as stack:
        try:
            address = stack.enter_context(throwaway_server())
        except NoServerError as reason:
            pytest.skip(str(reason))
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store, once on each database."""
    if request.param == "sqlite":
        opened = open_blank_sqlite(tmp_path / "test.db")
        yield opened
        opened.close()
        return
    server = request.getfixturevalue("postgresql")
    name = f"test_{os.getpid()}_{abs(hash(request.node.nodeid))}"
    opened = open_store(blank_postgresql(server, name))
    yield opened
    opened.close()
    drop_database(server, name)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    """An empty store on SQLite."""
    opened = open_blank_sqlite(tmp_path / "test.db")
    yield opened
    opened.close()


@dataclass
class Replay:
    """A local HTTP server that answers from a table and remembers what it was asked."""

    routes: dict[str, tuple[int, bytes, dict[str, str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    headers: list[dict[str, str]] = field(default_factory=list)
    address: str = ""

    def answer(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        """Answer requests for a path (its query aside) like this from now on."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.routes[path] = (status, body, named)


@contextmanager
def serving() -> Iterator[Replay]:
    """A replay server on a free port of loopback."""
    replay = Replay()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            replay.asked.append(self.path)
            replay.headers.append(dict(self.headers))
            replay.agents.add(self.headers.get("User-Agent", ""))
            path = self.path.partition("?")[0]
            exact = replay.routes.get(self.path) or replay.routes.get(path)
            status, body, headers = exact or (404, b"not here", {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    replay.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield replay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def replay() -> Iterator[Replay]:
    """A replay server for one test."""
    with serving() as server:
        yield server


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its report, asked for with --json."""
        return json.loads(self.out)


Digest = Callable[..., Done]


@pytest.fixture
def digest(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Digest]:
    """Call the command line in this process, as `digest ARGS…` would run it."""
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["digest", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    yield call
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, RotatingFileHandler)]:
        root.removeHandler(handler)
        handler.close()


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder of the project."""
    return Path(__file__).parents[1]


@pytest.fixture
def digest_command() -> list[str]:
    """The command line as an installed program."""
    found = shutil.which("digest", path=str(Path(sys.executable).parent))
    assert found, "the package is not installed in this environment"
    return [found]


@pytest.fixture
def pages(tmp_path: Path) -> Iterator["Pages"]:
    """The pages of an empty house on SQLite."""
    from tests.pages import close_pages, open_pages  # noqa: PLC0415 - Flask, where it is needed

    opened = open_pages(tmp_path)
    yield opened
    close_pages(opened)

"""Pages as tests ask for them: a site over one database, and a clock that is set by hand."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from digest.config import load
from digest.links import Links
from digest.model import Reader
from digest.progress import Quiet
from digest.run import Order, RunReport
from digest.store import Store, open_store
from digest.watch import watched_run
from digest.web.app import make_app
from digest.web.site import Site
from digest.wiring import build, build_for_pages
from tests.conftest import DATA, NOW
from tests.databases import blank_sqlite

BASE = "http://127.0.0.1:8080"


@dataclass
class Pages:
    """The pages of one house; `now` is what its clock shows."""

    site: Site
    app: Flask
    store: Store
    environment: dict[str, str]
    now: datetime = NOW
    folder: Path = field(default_factory=Path)

    @property
    def client(self) -> FlaskClient:
        """A visitor, who keeps nothing from page to page."""
        return self.app.test_client(use_cookies=False)

    def get(self, address: str, **options: Any) -> Any:
        """Read a page; whole addresses of this site do too."""
        return self.client.get(address.removeprefix(BASE), **options)

    def post(self, address: str, /, **data: Any) -> Any:
        """Send a form as a browser does from a page that hides its address."""
        headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
        return self.client.post(address.removeprefix(BASE), data=data, headers=headers)

    def run(self, files: Sequence[Path] = ()) -> RunReport:
        """Collect from files, edit and post, as the daemon's tick does."""
        settings = load(None, self.environment)
        house = build(settings, files=files or [DATA / "papers.jsonl"])
        try:
            return watched_run(
                house,
                Order(),
                clock=lambda: self.now,
                progress=Quiet(),
                stopping=threading.Event().is_set,
            )
        finally:
            house.close()

    @property
    def site_links(self) -> Links:
        """What signs the links of this house."""
        return Links(BASE, self.store.keys.all)

    def reader(self, name: str) -> Reader:
        """A reader as it is stored now."""
        found = self.store.readers.find(name)
        assert found is not None
        return found


def open_pages(folder: Path, **settings: str) -> Pages:
    """Pages over a new database in a folder, with an outbox beside it."""
    environment = {
        "DIGEST_DATABASE": blank_sqlite(folder / "digest.db"),
        "DIGEST_OUTBOX": str(folder / "outbox"),
        "DIGEST_BASE_URL": BASE,
        "DIGEST_OWNER": "owner@example.org",
        **settings,
    }
    site = Site(build_for_pages, lambda: pages.now)
    site.open(load(None, environment))
    store = open_store(environment["DIGEST_DATABASE"])
    pages = Pages(site, make_app(site), store, environment, folder=folder)
    return pages


def close_pages(pages: Pages) -> None:
    """Give everything back."""
    pages.store.close()
    pages.site.close()

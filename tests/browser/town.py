"""A house with readers, its pages on a real server, mail into a real sink, and who looks at them."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

from digest.run import RunReport
from digest.web.server import start
from tests.effort import SOON
from tests.pages import Pages, close_pages, open_pages
from tests.smtp import PASSWORD, USER, Sink, authority_file, free_port, smtp_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request

DESKTOP, PHONE = (1200, 900), (390, 844)


@dataclass
class Town:
    """Pages that are served under `base`, and the mails that left."""

    pages: Pages
    sink: Sink
    base: str

    def run(self, *files: Path) -> RunReport:
        """Collect from files, edit, and mail: what the daemon's tick does."""
        return self.pages.run(files)

    def wait_a_day(self) -> None:
        """The clock of the house shows the same hour tomorrow."""
        self.pages.now += timedelta(days=1)

    def mails_to(self, address: str) -> list[EmailMessage]:
        """What arrived for an address, the oldest first."""
        return [mail for mail in self.sink.mails if address in str(mail["To"])]

    def links(self, mail: EmailMessage, purpose: str) -> list[str]:
        """The addresses of this site in a mail's HTML, of one purpose, in their order."""
        part = mail.get_body(("html",))
        assert part is not None
        found = re.findall(rf'href="({re.escape(self.base)}/{purpose}/[^"]+)"', part.get_content())
        return list(dict.fromkeys(found))


@contextmanager
def open_town(folder: Path, **settings: str) -> Iterator[Town]:
    """A new town; everything in it ends with the context."""
    port, authority = free_port(), trustme.CA()
    with ExitStack() as stack:
        sink = stack.enter_context(smtp_server(authority))
        pages = open_pages(
            folder,
            DIGEST_BASE_URL=f"http://127.0.0.1:{port}",
            DIGEST_SMTP_HOST="127.0.0.1",
            DIGEST_SMTP_PORT=str(sink.port),
            DIGEST_SMTP_USER=USER,
            DIGEST_SMTP_PASSWORD=PASSWORD,
            DIGEST_SMTP_CA_FILE=str(authority_file(authority, folder)),
            **settings,
        )
        stack.callback(close_pages, pages)
        server = start(pages.app, ("127.0.0.1", port))
        stack.callback(server.stop)
        yield Town(pages, sink, server.address)


@dataclass
class Visitor:
    """A window of a browser; what it complained of, and whom it asked beside us."""

    page: "Page"
    context: "BrowserContext"
    base: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def go(self, address: str) -> None:
        """Open a page of ours."""
        self.page.goto(self.base + address.removeprefix(self.base))

    def follow(self, link: "Locator") -> None:
        """Click on what leads to another page, and wait for it: a click alone does not."""
        with self.page.expect_navigation():
            link.click()

    def heard(self, message: "ConsoleMessage") -> None:
        """Note what the browser wrote into its console."""
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def asked(self, request: "Request") -> None:
        """Note a request to anybody else."""
        if not request.url.startswith((f"{self.base}/", "data:")):
            self.foreign.append(request.url)


@contextmanager
def visiting(
    browser: "Browser",
    base: str,
    *,
    size: tuple[int, int] = DESKTOP,
    dark: bool = False,
    scripts: bool = True,
    examined: bool = False,
) -> Iterator[Visitor]:
    """A new window, which remembers nothing of others.

    Args:
        browser: what opens it.
        base: the site; whatever else is asked is noted.
        size: width and height in pixels.
        dark: whether the visitor prefers light on dark.
        scripts: whether JavaScript is on.
        examined: lets a checker's script run, which the pages' own policy forbids.
    """
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        bypass_csp=examined,
        locale="en-GB",
        timezone_id="Europe/Berlin",
        service_workers="block",
    )
    context.set_default_timeout(1000 * SOON)
    try:
        page = context.new_page()
        visitor = Visitor(page, context, base)
        page.on("console", visitor.heard)
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        context.on("request", visitor.asked)
        yield visitor
    finally:
        context.close()

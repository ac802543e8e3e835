"""The application: pages found in their folder, strict headers, errors as pages."""

import importlib
import logging
import pkgutil
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, render_template, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from digest.errors import DigestError, LinkError, StoreError, UsageError
from digest.letters.render import shipped_templates
from digest.web import pages
from digest.web import site as sites
from digest.web.guards import check_origin
from digest.web.site import KEY, Site, Visit, visit

log = logging.getLogger(__name__)

MOST_BODY = 1024 * 1024  # bytes of a form: a pasted library
_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class _Pages(Flask):
    """Flask, with every template escaped."""

    def select_jinja_autoescape(self, filename: str | None) -> bool:  # noqa: ARG002
        """Every template: the library goes by the name's end, and ours end with j2."""
        return True


def make_app(site: Site) -> Flask:
    """The pages of a site, for a WSGI server or a test's client."""
    folder = shipped_templates() / "web"
    app = _Pages(__name__, template_folder=str(folder), static_folder=str(folder / "static"))
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY
    app.config["MAX_FORM_MEMORY_SIZE"] = MOST_BODY
    app.config["MAX_FORM_PARTS"] = 1000
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    app.url_map.merge_slashes = False
    app.extensions[KEY] = site
    for module in pkgutil.iter_modules(pages.__path__, f"{pages.__name__}."):
        app.register_blueprint(importlib.import_module(module.name).blueprint)
    app.before_request(_enter)
    app.before_request(_where_it_is)
    app.before_request(check_origin)
    app.after_request(_headers)
    app.teardown_request(_leave)
    app.register_error_handler(Exception, _failed)
    app.context_processor(_names)
    return app


def _enter() -> None:
    stack = g.stack = ExitStack()
    here = sites.site()
    floor = stack.enter_context(here.visited())
    g.visit = Visit(floor.house, floor.room, here.clock())


def _where_it_is() -> Response | None:
    """Lead to an address that only lacks its slash; the library would name the visitor's Host."""
    if not isinstance(request.routing_exception, RequestRedirect):
        return None
    path = urlsplit(request.routing_exception.new_url).path
    return cast("Response", redirect("/" + path.lstrip("/"), 308))


def _leave(_error: BaseException | None) -> None:
    stack: ExitStack | None = g.pop("stack", None)
    if stack is not None:
        stack.close()


def _headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    public = visit().public if "visit" in g and response.status_code == HTTPStatus.OK else None
    if request.endpoint == "static":
        response.headers.setdefault("Referrer-Policy", "same-origin")
    elif public is None:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    else:
        response.headers["Cache-Control"] = f"public, max-age={public}"
        response.headers["Referrer-Policy"] = "same-origin"
    if "visit" in g and visit().house.links.base.startswith("https:"):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def _names() -> dict[str, Any]:
    """What every template may use."""
    if "visit" not in g:
        return {"base": "", "joining": "closed"}
    return {"base": sites.origin(), "joining": visit().house.settings.subscribe}


def _failed(error: Exception) -> tuple[str, int, dict[str, str]] | tuple[str, int]:
    """An error as a page that says what to do; what nobody expected goes to the log."""
    if isinstance(error, LinkError):
        return _page("This link does not work", str(error), 404, lost=True)
    if isinstance(error, UsageError):
        return _page("That cannot be done", str(error), 400)
    if isinstance(error, StoreError):
        log.error("%s: %s", request.endpoint, error)
        return *_page(*_SAID[503], 503), {"Retry-After": "60"}
    if isinstance(error, HTTPException):
        title, text = _SAID.get(error.code or 500, ("That did not work", error.name))
        return _page(title, text, error.code or 500)
    if isinstance(error, DigestError):
        log.error("%s: %s", request.endpoint, error)
    else:
        log.error("page %s", request.endpoint, exc_info=error)
    return _page(*_SAID[500], 500)


_SAID = {
    400: ("That cannot be read", "The page was asked for in a way that makes no sense here."),
    403: (
        "Not from here",
        "The form was sent from another site. Open the page itself.",
    ),
    404: ("No such page", "There is nothing at this address. The front page has all that is new."),
    405: ("Not like this", "This page is only read, or only sent to."),
    413: ("Too much at once", "What was sent is larger than a megabyte. Send it in parts."),
    429: ("Too often", "That was asked for many times in a short while. Try again in an hour."),
    500: ("Something went wrong", "It is written down for the owner of this site. Try later."),
    503: ("Closed for a moment", "There is much to do just now. Try again in a minute."),
}


def _page(title: str, text: str, status: int, *, lost: bool = False) -> tuple[str, int]:
    """A page that says what went wrong; one for who is `lost` says how to get a new link."""
    said = text if text.endswith((".", "?")) else f"{text[:1].upper()}{text[1:]}."
    return render_template("error.html.j2", title=title, text=said, lost=lost), status

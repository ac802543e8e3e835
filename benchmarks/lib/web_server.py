"""A house's pages on loopback, and a bare application beside them, for `bin/bench web`.

    python benchmarks/lib/web_server.py DATABASE NOW

NOW is what its clock shows. Prints one line of JSON with both ports, then answers each line that
it reads: `tick` moves the clock by 61 seconds, so that nothing that was kept for a minute holds;
`watch` remembers from now on what each page is rendered with, which the bare application renders
for the same address; `memory` gives the peak in kilobytes. Ends with its input, or after an hour.
"""

import json
import signal
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, render_template, request, template_rendered
from jinja2 import Template

from digest.web.app import make_app
from digest.web.server import start
from digest.web.site import Site
from digest.wiring import build

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lib.web_bed import settings_of

_HOUR = 3600
_OWN = frozenset(("g", "request", "session"))  # Flask gives these to every template


@dataclass(slots=True)
class Clock:
    """Shows what it was set to."""

    now: datetime

    def __call__(self) -> datetime:
        """The time."""
        return self.now


class Bare(Flask):
    """Flask and nothing else: each address renders the template that our page rendered."""

    def select_jinja_autoescape(self, filename: str | None) -> bool:  # noqa: ARG002
        """As ours."""
        return True


@dataclass
class Seen:
    """Templates with their variables, by address."""

    pages: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def note(self, _app: Flask, template: Template, context: dict[str, Any], **_: object) -> None:
        """Remember what the page at hand is rendered with."""
        named = {name: value for name, value in context.items() if name not in _OWN}
        self.pages[request.full_path] = str(template.name), named

    def render(self, **_: object) -> str:
        """The page at hand, as it was remembered."""
        name, named = self.pages[request.full_path]
        return render_template(name, **named)


def bare_app(ours: Flask, seen: Seen) -> Flask:
    """The bare application for the addresses of ours."""
    bare = Bare("bare", template_folder=str(ours.template_folder), static_folder=None)
    bare.jinja_options = ours.jinja_options
    bare.jinja_env.filters.update(ours.jinja_env.filters)
    for rule in ours.url_map.iter_rules():
        bare.url_map.add(rule.empty())
        bare.view_functions[rule.endpoint] = seen.render
    return bare


def main() -> None:
    """Serve until the input ends."""
    signal.alarm(_HOUR)
    clock = Clock(datetime.fromisoformat(sys.argv[2]))
    site = Site(build, clock)
    site.open(settings_of(sys.argv[1]))
    app, seen = make_app(site), Seen()
    servers = [start(one, ("127.0.0.1", 0)) for one in (app, bare_app(app, seen))]
    print(json.dumps([server.port for server in servers]), flush=True)
    for line in sys.stdin:
        said: object = None
        match line.strip():
            case "tick":
                clock.now += timedelta(seconds=61)
            case "watch":
                template_rendered.connect(seen.note, app)
            case "rest":
                template_rendered.disconnect(seen.note, app)
            case "memory":
                said = _peak()
        print(json.dumps(said), flush=True)
    for server in servers:
        server.stop()
    site.close()


def _peak() -> int:
    """Kilobytes; the rusage of a process begins with the size of whoever started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main()

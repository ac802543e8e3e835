"""A process that posts what is queued and nothing else, for its memory and its time.

python poster.py DATABASE PORT AUTHORITY USER PASSWORD
"""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from digest.delivery.smtp import Smtp, SmtpSettings
from digest.post import post
from digest.post.pace import Pace
from digest.progress import Quiet
from digest.store import open_store


def main() -> int:
    """Post, and print how many mails were sent and how long it took."""
    address, port, authority, user, password = sys.argv[1:]
    settings = SmtpSettings("127.0.0.1", int(port), "tls", user, password, Path(authority))
    store = open_store(address)
    started = time.perf_counter()
    report = post(
        store,
        [Smtp(settings)],
        clock=lambda: datetime.now(UTC),
        progress=Quiet(),
        stopping=lambda: False,
        pace=Pace(None, time.monotonic, time.sleep),
    )
    seconds = time.perf_counter() - started
    store.close()
    print(json.dumps({"sent": report.sent, "seconds": seconds}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

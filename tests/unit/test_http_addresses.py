"""Which addresses are everybody's, and where a question may lead."""

import socket
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.intake import dialing
from digest.intake.addresses import is_public, names_private
from digest.intake.failing import RefusedError
from digest.intake.http import PoliteSession
from digest.intake.urls import leads_to, shown
from tests.wires import Act, Wire, answers, wired

PRIVATE = (
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:c0a8:101::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
)
PUBLIC = (
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "128.84.21.199",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "2a04:4e42::644",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
)


@pytest.mark.parametrize("written", PRIVATE)
def test_private_addresses(written: str) -> None:
    """One's own machine, one's own network, the cloud's secrets, and every disguise of them."""
    assert not is_public(written)


@pytest.mark.parametrize("written", PUBLIC)
def test_public_addresses(written: str) -> None:
    """Their neighbours are everybody's."""
    assert is_public(written)


@given(st.integers(0, 2**32 - 1))
def test_what_python_calls_private_is_not_public(number: int) -> None:
    """The list kept here leaves nothing out that another list has, in IPv4 and inside IPv6."""
    address = IPv4Address(number)
    if is_public(str(address)):
        assert (address.is_global, address.is_multicast, address.is_reserved) == (
            True,
            False,
            False,
        )
    disguises = (0xFFFF << 32, 0x64_FF9B << 96)
    for disguise in disguises:
        assert is_public(str(IPv6Address(disguise | number))) == is_public(str(address))


@given(st.integers(0, 2**128 - 1))
def test_what_python_calls_private_is_not_public_in_ipv6(number: int) -> None:
    """The same for all other addresses."""
    address = IPv6Address(number)
    if is_public(str(address)) and address.ipv4_mapped is None:
        assert (address.is_global, address.is_multicast) == (True, False)


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST.", "a.localhost", "printer.local", "metadata.google.internal",
        "127.1", "127.0.1", "0x7f000001", "0x7f.1", "0177.0.0.1", "2130706433", "[::1]", "::1", "0",
        "[fe80::1%25eth0]", "169.254.169.254", "router", "ip6-localhost", "nas.lan", "a.home.arpa.",
    ],
)  # fmt: skip
def test_hosts_that_are_private_by_their_name(host: str) -> None:
    """In every way of writing that a resolver would read."""
    assert names_private(host)


@pytest.mark.parametrize("host", ["example.org", "localhost.example.org", "1.1.1.1", "16843009"])
def test_hosts_that_are_not(host: str) -> None:
    """Names are the proxy's business, and public addresses are everybody's."""
    assert not names_private(host)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0", "[::1]", "[::]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "169.254.169.254", "10.0.0.5", "[fd00::1]",
        "１２７.0.0.1",
    ],
)  # fmt: skip
def test_feeds_lead_into_no_private_network(host: str) -> None:
    """However the place is written; nobody there hears of it."""
    with wired(answers(b"<secret/>")) as wire:
        asking = PoliteSession(None, spacing=0.0, sleep=lambda _: None)
        with (
            pytest.raises(SourceError, match=r"leads into a private network|no address"),
            asking.open("x", f"http://{host}:{wire.port}/", foreign=True),
        ):
            pass
        assert wire.reached == 0


def test_feeds_of_ones_own_are_named() -> None:
    """By the host's name as it stands in their address; the advice names the setting."""
    with wired(answers(b"<feed/>")) as wire:
        asking = PoliteSession(
            None, spacing=0.0, sleep=lambda _: None, private_hosts=frozenset(("127.0.0.1",))
        )
        with asking.open("x", wire.address, foreign=True) as opened:
            assert opened.body.read() == b"<feed/>"
        with (
            pytest.raises(SourceError, match="DIGEST_PRIVATE_HOSTS"),
            asking.open("x", wire.address.replace("127.0.0.1", "localhost"), foreign=True),
        ):
            pass
        assert wire.reached == 1


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 stands in for a public place; all other private places stay private."""
    monkeypatch.setattr(dialing, "is_public", lambda ip: ip == "127.0.0.1" or is_public(ip))


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2:{port}/", "//127.0.0.2:{port}/", "http://2130706434:{port}/",
        "http://0x7f.2:{port}/", "http://127.2:{port}/", "http://[::ffff:127.0.0.2]:{port}/",
        "http://[::1]:{port}/", "http://[64:ff9b::7f00:2]:{port}/", "http://169.254.169.254/",
        "http://10.0.0.5/", "http://0.0.0.0:{port}/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("foreign", [True, False])
def test_redirects_lead_into_no_private_network(target: str, foreign: bool) -> None:  # noqa: FBT001 - a case
    """Neither those of feeds nor those of services; nobody there hears of it."""
    with wired(answers(b"secret"), host="127.0.0.2") as victim:
        location = target.format(port=victim.port)
        with wired(answers(b"", "302 Found", Location=location)) as wire:
            asking = PoliteSession(None, spacing=0.0, sleep=lambda _: None)
            with (
                pytest.raises(SourceError, match="leads into a private network"),
                asking.open("x", wire.address, foreign=foreign),
            ):
                pass
            assert wire.reached == 1
        assert victim.reached == 0


@pytest.mark.usefixtures("stand_in")
def test_a_name_that_changes_its_mind_leads_nowhere_else() -> None:
    """Rebinding: what was checked is what is connected to; the next question is checked anew."""
    with wired(answers(b"secret"), host="127.0.0.2") as victim:
        with wired(answers(b"<feed/>")) as wire:
            turns = [("127.0.0.1", wire.port), ("127.0.0.2", victim.port)]
            asked: list[str] = []

            def rebinding(host: str, _port: int) -> list[tuple[int, tuple[str, int]]]:
                asked.append(host)
                return [(socket.AF_INET, turns[min(len(asked), 2) - 1])]

            asking = PoliteSession(None, spacing=0.0, sleep=lambda _: None, find=rebinding)
            with asking.open("x", "http://feed.example.org/", foreign=True) as opened:
                assert opened.body.read() == b"<feed/>"
            assert asked == ["feed.example.org"]
            with (
                pytest.raises(SourceError, match="private network"),
                asking.open("x", "http://feed.example.org/", foreign=True),
            ):
                pass
        assert victim.reached == 0


@pytest.mark.usefixtures("stand_in")
def test_of_several_addresses_only_public_ones_are_tried() -> None:
    """A name with both kinds is reached at the public one, though another stands first."""
    with wired(answers(b"secret"), host="127.0.0.2") as victim:
        with wired(answers(b"<feed/>")) as wire:
            both = [("127.0.0.2", victim.port), ("127.0.0.1", wire.port)]
            found = [(int(socket.AF_INET), place) for place in both]
            asking = PoliteSession(
                None, spacing=0.0, sleep=lambda _: None, find=lambda *_: [*found]
            )
            with asking.open("x", "http://feed.example.org/", foreign=True) as opened:
                assert opened.body.read() == b"<feed/>"
        assert victim.reached == 0


def test_every_family_of_addresses_gets_its_chance() -> None:
    """Many addresses of one kind that nobody answers at do not use up the attempts."""
    with wired(answers(b"yes")) as wire:
        dead = [(int(socket.AF_INET6), ("::1", 1, 0, 0))] * 9
        found = [*dead, (int(socket.AF_INET), ("127.0.0.1", wire.port))]
        asking = PoliteSession(None, spacing=0.0, sleep=lambda _: None, find=lambda *_: found)
        assert asking.get("x", "http://service.example.org/") == b"yes"


@pytest.mark.usefixtures("stand_in")
def test_a_feed_leads_to_no_host_of_the_owners() -> None:
    """A host is private for its own feeds; another feed may not redirect to it."""
    with wired(answers(b"secret"), host="127.0.0.2") as victim:
        location = f"http://127.0.0.2:{victim.port}/"
        with wired(answers(b"", "302 Found", Location=location)) as wire:
            hosts = frozenset(("127.0.0.2",))
            asking = PoliteSession(None, spacing=0.0, sleep=lambda _: None, private_hosts=hosts)
            with (
                pytest.raises(SourceError, match="private network"),
                asking.open("x", wire.address, foreign=True),
            ):
                pass
            with asking.open("x", location, foreign=True) as opened:
                assert opened.body.read() == b"secret"
        assert victim.reached == 1


def test_a_service_of_ones_own_may_have_two_names() -> None:
    """The same address and port is no new place; another port is one."""
    with wired(answers(b"secret")) as victim:
        on = leads_on("http://localhost:{port}/on")
        away = leads_on(f"http://localhost:{victim.port}/")
        with wired(on, answers(b"<feed/>"), away) as wire:
            asking = PoliteSession(None, spacing=0.0, sleep=lambda _: None)
            assert asking.get("x", wire.address) == b"<feed/>"
            with pytest.raises(SourceError, match="private network"):
                asking.get("x", wire.address)
        assert victim.reached == 0


def leads_on(target: str) -> Act:
    """A redirect; `{port}` is that of the server itself."""

    def act(talk: socket.socket, wire: Wire) -> None:
        answers(b"", "302 Found", Location=target.format(port=wire.port))(talk, wire)

    return act


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("ftp://example.org/", "no web address"),
        ("file:///etc/passwd", "no web address"),
        ("javascript:alert(1)", "no web address"),
        ("gopher://example.org/", "no web address"),
        ("http://[bad", "no web address"),
        ("http://", "no web address"),
        ("https://example.org/" + "x" * 9_000, "no web address"),
        ("http://example.org/", "from https to http"),
        ("https://ann:secret@example.org/", "a user's name in it"),
    ],
)
def test_where_no_redirect_leads(location: str, said: str) -> None:
    """Only to the web, never out of TLS, never with a name and a password."""
    with pytest.raises(RefusedError, match=said):
        leads_to("https://service.example.org/a", location)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b?c=d", "https://service.example.org/b?c=d"),
        ("b", "https://service.example.org/b"),
        ("", "https://service.example.org/a"),
        ("//other.example.org/", "https://other.example.org/"),
        ("/caf\u00c3\u00a9", "https://service.example.org/caf%C3%A9"),
        ("https://OTHER.example.org/a b", "https://other.example.org/a%20b"),
    ],
)
def test_where_redirects_lead(location: str, target: str) -> None:
    """As RFC 3986 resolves them; other letters than ASCII are UTF-8."""
    assert leads_to("https://service.example.org/a", location) == target


@given(st.text(max_size=60))
def test_any_redirect_at_all(location: str) -> None:
    """Leads to the web or is refused in our own words."""
    try:
        target = leads_to("http://service.example.org/a", location)
    except RefusedError:
        return
    assert target.startswith(("http://", "https://"))


@given(st.text(max_size=60).filter(lambda url: "#" not in url))
def test_any_address_can_be_shown(url: str) -> None:
    """For people: without what may be a key, whatever it looks like."""
    told = shown(f"http://ann:canary@example.org/{url}?canary")
    assert "canary" not in told
    assert "?" not in told

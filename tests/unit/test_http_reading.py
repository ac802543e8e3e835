"""Bodies: unpacked under caps, in small pieces; what is damaged is never a short answer."""

import gzip
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.intake.failing import BusyError, RefusedError
from digest.intake.reading import Caps, read_body

ROOM = Caps(1 << 20, 4 << 20)


@dataclass
class Bytes:
    """What a connection gives: these bytes, in pieces of this size."""

    data: bytes
    size: int = 65_536
    length_remaining: int | None = None
    chunked: bool = True
    _at: io.BytesIO = field(default_factory=io.BytesIO)

    def __post_init__(self) -> None:
        """Begin at the beginning."""
        self._at = io.BytesIO(self.data)

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:  # noqa: FBT001 - the library's way
        """The next piece."""
        assert decode_content is False, "the library would unpack without a cap"
        return self._at.read(min(amt or self.size, self.size))


def read(data: bytes, packing: str = "gzip", size: int = 65_536, caps: Caps = ROOM) -> bytes:
    """The body of such an answer."""
    with read_body(Bytes(data, size), packing, caps, lambda: None) as body:
        return body.read()


def bare(data: bytes) -> bytes:
    """Deflate without the head of zlib, as some servers send it."""
    return zlib.compress(data)[2:-4]


@pytest.mark.parametrize(
    ("packing", "pack"),
    [
        ("", bytes),
        ("Identity", bytes),
        ("gzip", gzip.compress),
        ("X-GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", bare),
    ],
)
@given(data=st.binary(max_size=3_000), size=st.integers(1, 500))
def test_every_packing_in_pieces_of_every_size(
    packing: str, pack: Callable[[bytes], bytes], data: bytes, size: int
) -> None:
    """What was packed comes out, wherever the pieces are cut."""
    assert read(pack(data), packing, size) == data


@given(parts=st.lists(st.binary(max_size=200), max_size=5), padding=st.integers(0, 40))
def test_gzip_in_several_members(parts: list[bytes], padding: int) -> None:
    """One behind the other, and zeros behind the last, as tapes had them."""
    packed = b"".join(gzip.compress(part) for part in parts) + bytes(padding if parts else 0)
    assert read(packed, size=7) == b"".join(parts)


@given(data=st.binary(min_size=1, max_size=300), cut=st.integers(1, 10_000), packing=st.booleans())
def test_a_packed_answer_that_is_cut_is_never_short(data: bytes, cut: int, packing: bool) -> None:  # noqa: FBT001 - drawn
    """At whatever byte."""
    packed = gzip.compress(data) if packing else zlib.compress(data)
    with pytest.raises(BusyError, match="ends too early"):
        read(packed[: 1 + cut % (len(packed) - 1)], "gzip" if packing else "deflate", 11)


@given(data=st.binary(min_size=1, max_size=300), at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_packed_answer_that_is_damaged_is_told(data: bytes, at: int, bit: int) -> None:
    """One bit anywhere: an error, or, in the few bits that mean nothing, the same bytes."""
    packed = bytearray(gzip.compress(data, mtime=0))
    packed[at % len(packed)] ^= 1 << bit
    try:
        assert read(bytes(packed)) == data
    except BusyError as error:
        assert str(error) in ("the answer is damaged gzip", "the answer ends too early")


@given(data=st.binary(max_size=2_000), packing=st.sampled_from(("gzip", "deflate", "")))
def test_any_bytes_at_all(data: bytes, packing: str) -> None:
    """Nothing but our own errors comes of them."""
    try:
        read(data, packing, 97)
    except (BusyError, RefusedError):
        assert packing


def test_something_behind_the_end_is_damage() -> None:
    """Whoever adds to an answer may have taken from it, too."""
    for packing, packed in (("gzip", gzip.compress(b"x")), ("deflate", zlib.compress(b"x"))):
        with pytest.raises(BusyError, match="damaged"):
            read(packed + b"more", packing)


def test_too_much_as_it_is_sent() -> None:
    """By its own word before a byte is read, else as soon as it is more."""
    stream = Bytes(b"", length_remaining=ROOM.packed + 1)
    with pytest.raises(RefusedError, match="the answer is larger than 1 MB"):
        read_body(stream, "", ROOM, lambda: None)
    with pytest.raises(RefusedError, match="the answer is larger than 1 MB"):
        read(bytes(ROOM.packed + 1), "")
    assert len(read(bytes(ROOM.packed), "")) == ROOM.packed


def test_too_much_when_it_is_unpacked() -> None:
    """To the byte; the rest is not unpacked."""
    looks = []
    packed = gzip.compress(bytes(64 << 20))
    with pytest.raises(RefusedError, match="unpacks to more than 4 MB"):
        read_body(Bytes(packed), "gzip", ROOM, lambda: looks.append(1))
    assert len(looks) < 100, "pieces beyond the cap"
    assert len(read(gzip.compress(bytes(ROOM.unpacked)))) == ROOM.unpacked


def test_a_bomb_is_known_by_its_rate() -> None:
    """Long before the cap, where there is room for it; a small answer may repeat itself."""
    wide = Caps(64 << 20, 1 << 30)
    with pytest.raises(RefusedError, match="unpacks to more than 250 times its size"):
        read(gzip.compress(bytes(40 << 20)), caps=wide)
    assert len(read(gzip.compress(bytes(30 << 20)), caps=wide)) == 30 << 20


def test_a_crowd_of_empty_members_is_no_gzip() -> None:
    """Each costs work and brings nothing: beyond a thousand it is an attack."""
    with pytest.raises(BusyError, match="damaged gzip"):
        read(gzip.compress(b"") * 1_001)
    assert read(gzip.compress(b"") * 1_000) == b""


def test_who_looks_ends_the_reading() -> None:
    """After each piece, and at the end: an end may be that of our patience."""

    class OverError(Exception):
        pass

    def over() -> None:
        raise OverError

    for data in (b"piece", b""):
        with pytest.raises(OverError):
            read_body(Bytes(data), "", ROOM, over)


def test_a_large_body_is_no_burden_for_memory() -> None:
    """Beyond a megabyte it lies in a file without a name."""
    import tracemalloc  # noqa: PLC0415 - for this test alone

    data = bytes(range(256)) * (1 << 16)
    stream = Bytes(gzip.compress(data, 1))
    tracemalloc.start()
    with read_body(stream, "gzip", Caps(64 << 20, 64 << 20), lambda: None) as body:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 4 << 20
        assert body.read() == data

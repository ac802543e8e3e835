"""Bodies of answers: unpacked here, in small pieces, under caps, into a place of little memory."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Protocol, cast

from digest.errors import printable
from digest.intake.failing import BusyError, RefusedError

PACKINGS = "gzip, deflate"  # what is asked for: what can be unpacked with a cap on what comes out
_PIECE = 65_536
_IN_MEMORY = 1 << 20
_MEMBERS = 1_000  # of one gzip file: each costs work, however little it holds
_RATIO = 250  # texts unpack to 3 to 20 times their size, bombs to 1,000 times
_RATIO_FROM = 32 << 20  # small answers may say the same over and over
_GZIP, _ZLIB, _BARE = 31, 15, -15  # zlib's words for the three ways


@dataclass(frozen=True, slots=True)
class Caps:
    """How many bytes an answer may have, as it is sent and when it is unpacked."""

    packed: int
    unpacked: int


class Stream(Protocol):
    """What is read of an answer of urllib3."""

    length_remaining: int | None
    chunked: bool

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:  # noqa: FBT001 - the library's way
        """Some bytes as soon as there are any; none at the end."""
        ...


def read_body(stream: Stream, packing: str, caps: Caps, look: Callable[[], object]) -> BinaryIO:
    """The whole body, unpacked, in memory or beyond a megabyte in an unnamed file.

    Args:
        stream: gives the bytes as they were sent.
        packing: the Content-Encoding of the answer.
        caps: how much there may be.
        look: called after each piece; ends the reading by raising.

    Raises:
        RefusedError: there is too much, or it is packed in another way, or the disk is full.
        BusyError: the packing is damaged, or ends too early.
        Exception: what `stream` and `look` raise.
    """
    if (stream.length_remaining or 0) > caps.packed:
        raise RefusedError(f"the answer is larger than {_mb(caps.packed)}")
    unpacker = _unpacker(packing)
    spool = cast("BinaryIO", SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - who asked closes it
    try:
        _fill(spool, stream, unpacker, caps, look)
        spool.seek(0)
    except BaseException:
        spool.close()
        raise
    return spool


def _fill(
    spool: BinaryIO, stream: Stream, unpacker: "_Unpacker", caps: Caps, look: Callable[[], object]
) -> None:
    packed = unpacked = 0
    while part := stream.read1(_PIECE, decode_content=False):
        look()
        packed += len(part)
        if packed > caps.packed:
            raise RefusedError(f"the answer is larger than {_mb(caps.packed)}")
        for piece in unpacker.feed(part):
            unpacked += len(piece)
            if unpacked > caps.unpacked:
                raise RefusedError(f"the answer unpacks to more than {_mb(caps.unpacked)}")
            if unpacked > max(_RATIO_FROM, _RATIO * packed):
                raise RefusedError(f"the answer unpacks to more than {_RATIO} times its size")
            _write(spool, piece)
            look()
    look()  # who cuts a line ends it, and an end is no error for an answer without a length
    if not packed and stream.length_remaining is None and not stream.chunked:
        raise BusyError("the answer ends too early")  # as where its head was cut
    unpacker.finish()


def _write(spool: BinaryIO, piece: bytes) -> None:
    try:
        spool.write(piece)
    except OSError as error:
        raise RefusedError(
            f"no room for the answer in the temporary folder ({error.strerror}): make room there"
        ) from error


def _mb(size: int) -> str:
    return f"{size >> 20} MB"


class _Unpacker(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def finish(self) -> None: ...


def _unpacker(packing: str) -> _Unpacker:
    word = packing.strip().lower()
    if word in ("", "identity"):
        return _Plain()
    if word in ("gzip", "x-gzip"):
        return _Zlib("gzip", _GZIP)
    if word == "deflate":
        return _Zlib("deflate", None)
    raise RefusedError(f"the answer is packed as was not asked for ({printable(word, 40)})")


class _Plain:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        pass


@dataclass(slots=True)
class _Zlib:
    """Unpacks gzip, member by member, and deflate in both of its readings."""

    name: str
    way: int | None  # None until the first two bytes tell
    _stream: Any = None
    _members: int = 0
    _head: bytes = field(default=b"", repr=False)

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self.way is None:
            data = self._head + data
            if len(data) < 2:  # noqa: PLR2004 - a head of zlib's
                self._head = data
                return
            # RFC 1950, 2.2: some servers say "deflate" and leave the head out.
            zlib_head = data[0] & 15 == 8 and int.from_bytes(data[:2]) % 31 == 0  # noqa: PLR2004
            self.way, self._head = (_ZLIB if zlib_head else _BARE), b""
        while data or self._stream is not None:
            if self._stream is None:
                data = data.lstrip(b"\0") if self._members else data  # padding behind the last
                if not data:
                    return
                self._begin()
            try:
                piece = self._stream.decompress(data, _PIECE)
            except zlib.error as error:
                raise BusyError(f"the answer is damaged {self.name}") from error
            if piece:
                yield piece
            if self._stream.eof:
                data, self._stream = self._stream.unused_data, None
                continue
            data = self._stream.unconsumed_tail
            if not data and len(piece) < _PIECE:
                return

    def _begin(self) -> None:
        self._members += 1
        if self._members > (_MEMBERS if self.way == _GZIP else 1):
            raise BusyError(f"the answer is damaged {self.name}")
        self._stream = zlib.decompressobj(self.way or _GZIP)

    def finish(self) -> None:
        if self._stream is not None or self._head:
            raise BusyError("the answer ends too early")

"""Screenshots made smaller: at most 64 colours, as a page of text needs no more."""

import struct
import zlib

import numpy as np
import numpy.typing as npt

COLOURS = 64
_HEAD = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}

Pixels = npt.NDArray[np.uint8]


def smaller(png: bytes) -> bytes:
    """The same picture with a palette: its most frequent colours, all others by the nearest.

    Args:
        png: as Chromium writes it: 8 bits a channel, not interlaced.
    """
    pixels = _pixels(png)
    colours, places, counts = np.unique(
        pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True
    )
    kept = colours[np.argsort(-counts, kind="stable")[:COLOURS]]
    apart = ((colours[:, None].astype(np.int32) - kept[None].astype(np.int32)) ** 2).sum(axis=2)
    indexes = apart.argmin(axis=1).astype(np.uint8)[places.reshape(pixels.shape[:2])]
    height, width = indexes.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), indexes], axis=1)
    return b"".join(
        (
            _HEAD,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", kept.tobytes()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _pixels(png: bytes) -> Pixels:
    """Red, green and blue, [height x width x 3], with the filters of the rows undone."""
    place, data, head = len(_HEAD), b"", b""
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        kind, body = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        head = body if kind == b"IHDR" else head
        data += body if kind == b"IDAT" else b""
        place += length + 12
    width, height = struct.unpack(">II", head[:8])
    deep = _CHANNELS[head[9]]
    raw = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + width * deep)
    shown = np.zeros((height + 1, (width + 1) * deep), np.uint8)
    for number, row in enumerate(raw, 1):
        _undo(int(row[0]), row[1:], shown[number - 1], shown[number], deep)
    return shown[1:, deep:].reshape(height, width, deep)[:, :, :3]


def _undo(kind: int, row: Pixels, above: Pixels, out: Pixels, deep: int) -> None:
    """One row as it was before its filter, written into `out` (PNG, section 9.2)."""
    if kind in (0, 2):
        out[deep:] = row + above[deep:] if kind else row
        return
    left, up, corner = out.tolist(), above.tolist(), above.tolist()
    for place, value in enumerate(row.tolist(), deep):
        a, b, c = left[place - deep], up[place], corner[place - deep]
        if kind == 1:
            guess = a
        elif kind == 3:
            guess = (a + b) // 2
        else:
            near = a + b - c
            guess = min((a, b, c), key=lambda one: abs(near - one))
        left[place] = (value + guess) & 255
    out[:] = left


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

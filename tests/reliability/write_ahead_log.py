"""SQLite's write-ahead log as its documentation has it (sqlite.org/fileformat2.html, section 4), to be cut anywhere."""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEADER = 32
FRAME_HEADER = 24


@dataclass(frozen=True, slots=True)
class Frame:
    """One page as it was written. `commits` on the last page of a transaction."""

    page: int  # counted from 1
    start: int
    end: int
    commits: bool


@dataclass(frozen=True, slots=True)
class Log:
    """The frames of this generation; what an earlier one has left behind them is not read by SQLite either."""

    salts: bytes
    page_size: int
    frames: tuple[Frame, ...]


def read_log(wal: bytes) -> Log:
    if len(wal) < HEADER:
        return Log(b"", 0, ())
    _magic, _version, page_size, _checkpoint = struct.unpack(">4I", wal[:16])
    salts, frames, start = wal[16:24], [], HEADER
    while start + FRAME_HEADER + page_size <= len(wal) and wal[start + 8 : start + 16] == salts:
        page, size_after_commit = struct.unpack(">2I", wal[start : start + 8])
        end = start + FRAME_HEADER + page_size
        frames.append(Frame(page, start, end, size_after_commit > 0))
        start = end
    return Log(salts, page_size, tuple(frames))


def page_of(wal: bytes, frame: Frame) -> bytes:
    return wal[frame.start + FRAME_HEADER : frame.end]

"""Bytes of a file, plain or compressed, as UTF-8."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import ConfigError, DataError

COMPRESSED = (".gz", ".zst")
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
BLOCK = 1 << 16


def ending(path: Path) -> str:
    """The ending that tells the format, without that of the compression."""
    return Path(path.name.removesuffix(path.suffix) if path.suffix in COMPRESSED else path.name).suffix.lower()


@contextmanager
def opened(path: Path, encoding: str | None) -> Iterator[io.BufferedReader]:
    """The decompressed bytes of a file, transcoded to UTF-8 where it is in another ``encoding``.

    Raises
    ------
    DataError
        If the compression is damaged, the bytes are not of the named encoding, or start as UTF-16 or UTF-32 do
        although no encoding is named.
    """
    kind = {".gz": "gzip", ".zst": "zstandard"}.get(path.suffix)
    try:
        with _decompressed(path) as stream:
            if encoding is not None and codecs.lookup(encoding).name != "utf-8":
                yield io.BufferedReader(_Transcoded(stream, encoding), BLOCK)
                return
            head = stream.peek(4)[:4]
            for mark, name in MARKS.items():
                if head.startswith(mark):
                    raise DataError(f"{path} is {name.upper()}, not UTF-8; set source.encoding={name}.")
            if head.startswith(codecs.BOM_UTF8):
                stream.read(len(codecs.BOM_UTF8))
            yield stream
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is not a whole {kind} file ({error}); fetch or compress it again.") from error
    except UnicodeError as error:
        raise DataError(f"{path} is not {encoding} ({error}); set source.encoding to what it is.") from error
    except OSError as error:
        if kind is None or error.errno is not None:
            raise
        raise DataError(f"{path} is not a whole {kind} file ({error}); fetch or compress it again.") from error


def require_encoding(name: str | None) -> None:
    """Refuse an encoding that Python does not know."""
    try:
        if name is not None and not codecs.lookup(name)._is_text_encoding:
            raise LookupError
    except LookupError:
        raise ConfigError(
            f"source.encoding={name} is no text encoding; expected one such as utf-8, latin-1, cp1252 or utf-16; "
            "mend it."
        ) from None


def _decompressed(path: Path) -> io.BufferedReader:
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.open(path, "rb"), BLOCK)  # type: ignore[arg-type]
    if path.suffix == ".zst":
        import pyarrow as pa

        return io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"), BLOCK)
    return open(path, "rb", buffering=BLOCK)


class _Transcoded(io.RawIOBase):
    """Bytes of another encoding as UTF-8, a block at a time."""

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self.text = io.TextIOWrapper(stream, encoding, newline="")  # newlines as they are
        self.left, self.begun = b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self.left:
            text = self.text.read(BLOCK)
            self.left = (text if self.begun else text.removeprefix("\ufeff")).encode("utf-8")
            self.begun = True
        part, self.left = self.left[: len(buffer)], self.left[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

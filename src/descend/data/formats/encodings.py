"""Text files as clean UTF-8: the encoding found, byte order marks gone, faults named by line."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from descend.data.formats.lines import count_lines
from descend.data.formats.sources import Source
from descend.errors import TableError, UsageError, did_you_mean

__all__ = ["TextFile", "detect_encoding", "open_text", "utf8_chunks"]

_HEAD = 1 << 20
_LONGEST_HEAD = 16 << 20

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMON = ("utf-8", "utf-16", "latin-1", "cp1252", "cp1250", "cp1251", "iso-8859-15", "mac-roman",
           "shift-jis", "gb18030", "big5", "euc-kr")  # fmt: skip


def detect_encoding(head: bytes) -> str:
    r"""Say how a text is encoded from its first bytes.

    A byte order mark decides. Otherwise it is UTF-8, unless its very first bytes above ASCII are
    not valid UTF-8: then cp1252 (Western Windows), or Latin-1 where cp1252 has no such character.
    A text that starts as good UTF-8 and is broken later is damaged, not of another encoding.

    Examples
    --------
    >>> detect_encoding("naïve".encode()), detect_encoding("naïve".encode("cp1252"))
    ('utf-8', 'cp1252')
    >>> detect_encoding(b"\xff\xfea\x00")
    'utf-16'
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as error:
        if not head[: error.start].isascii():
            return "utf-8"
        try:
            head.decode("cp1252")
        except UnicodeDecodeError:
            return "latin-1"
        return "cp1252"
    return "utf-8"


@dataclass(frozen=True)
class TextFile:
    """A text file as UTF-8, with its beginning at hand.

    Attributes
    ----------
    name, extension : str
        As in `descend.data.formats.sources.Source`.
    encoding : str
        What it is read as.
    head : bytes
        Its beginning, at least one whole line.
    final : bool
        Whether `head` is all there is.
    parts : callable
        Returns the whole text in parts, from its start.
    """

    name: str
    extension: str
    encoding: str
    head: bytes
    final: bool
    parts: Callable[[], Iterator[bytes]]


def open_text(
    source: Source,
    encoding: str | None = None,
    expected: str = "",
) -> TextFile:
    """Read the beginning of a text file.

    Parameters
    ----------
    source : Source
        Where it can be read only once, so can the ``parts`` of what is returned.
    encoding : str, optional
        Found from the text where not given.
    expected : str
        What should be in it, for the message of an empty one; by its ending where not given.

    Raises
    ------
    UsageError, TableError
        As `utf8_chunks`, and where the file is empty.
    """
    encoding, parts = utf8_chunks(source.chunks(), source.name, encoding)
    first: list[bytes] = []
    size, final = 0, True
    for part in parts:
        if size >= _HEAD and (size > _LONGEST_HEAD or any(b"\n" in p or b"\r" in p for p in first)):
            final = False
            parts = chain([part], parts)
            break
        first.append(part)
        size += len(part)

    head = b"".join(first)
    if not head.strip():
        raise TableError(
            f"{source.name} is empty: expected {expected or _expected(source.extension)}"
        )

    def from_start() -> Iterator[bytes]:
        if source.again:
            return utf8_chunks(source.chunks(), source.name, encoding)[1]
        return chain(first, parts)

    return TextFile(source.name, source.extension, encoding, head, final, from_start)


def _expected(extension: str) -> str:
    """Return in words what is in a text file of an ending."""
    if extension in (".jsonl", ".ndjson"):
        return "a JSON object for each example, one a line"
    return "sequences" if extension == ".ts" else "a header and rows of examples"


def utf8_chunks(
    chunks: Iterable[bytes], source: str, encoding: str | None = None
) -> tuple[str, Iterator[bytes]]:
    r"""Turn the bytes of a text file into UTF-8 without a byte order mark.

    Parameters
    ----------
    chunks : iterable of bytes
        The file in parts; the first is what the encoding is found from.
    source : str
        The name of the file, for messages.
    encoding : str, optional
        Any encoding that Python knows; found from the text where not given.

    Returns
    -------
    encoding : str
        What the file is read as.
    chunks : iterator of bytes
        Valid UTF-8; characters are never split between two parts.

    Raises
    ------
    UsageError
        For an encoding that Python does not know.
    TableError
        While iterating, for bytes that are not of the encoding and for NUL characters.

    Examples
    --------
    >>> encoding, parts = utf8_chunks([b"na\xefve", b"t\xe9"], "a.csv")
    >>> encoding, b"".join(parts).decode()
    ('cp1252', 'naïveté')
    """
    iterator = iter(chunks)
    first = next(iterator, b"")
    name = detect_encoding(first) if encoding is None else _known(encoding)
    return name, _decoded(chain([first], iterator), name, source)


def _known(encoding: str) -> str:
    """Return the encoding asked for, or say that it does not exist."""
    try:
        known = codecs.lookup(encoding)
        "".encode(known.name)  # refuses those that are not for text, such as hex
        return known.name
    except LookupError:
        raise UsageError(
            f'unknown encoding "{encoding}".{did_you_mean(encoding, _COMMON)} '
            f"Common ones: {', '.join(_COMMON)}"
        ) from None


def _decoded(chunks: Iterable[bytes], encoding: str, source: str) -> Iterator[bytes]:
    """Decode and check the chunks, and encode them as UTF-8."""
    is_utf8 = encoding in ("utf-8", "utf-8-sig")
    decoder = codecs.getincrementaldecoder(encoding)()
    pending, offset, line, at_start, after_cr = b"", 0, 1, True, False
    for chunk, final in _with_last(chunks):
        try:
            if is_utf8:
                text, pending = _complete(pending + chunk, final)
            else:
                text = decoder.decode(chunk, final).encode()
        except UnicodeDecodeError as error:
            # The places are in the bytes held back before, followed by the chunk.
            place = offset + error.start - (len(error.object) - len(chunk))
            raise _invalid(source, encoding, error, place, line) from None
        except UnicodeEncodeError:
            raise TableError(f"{source}, after line {line}: not valid {encoding}") from None
        offset += len(chunk)
        if at_start and text:
            text, at_start = text.removeprefix(codecs.BOM_UTF8), False
        if b"\0" in text:
            raise _nul(source, text, line)
        line += count_lines(text) - (after_cr and text.startswith(b"\n"))
        if text:
            after_cr = text.endswith(b"\r")
            yield text


def _complete(block: bytes, final: bool) -> tuple[bytes, bytes]:
    """Check UTF-8 and hold back a character that the end of the block cuts."""
    used = len(block) if block.isascii() else codecs.utf_8_decode(block, "strict", final)[1]
    return block[:used], block[used:]


def _with_last(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Pair each chunk with whether the file has ended; the end is an empty chunk."""
    for chunk in chunks:
        yield chunk, False
    yield b"", True


def _invalid(
    source: str, encoding: str, error: UnicodeDecodeError, place: int, line: int
) -> TableError:
    """Say which byte is not of the encoding, and what to do."""
    before = bytes(error.object[: error.start]).decode(encoding, "ignore").encode()
    other = "latin-1" if encoding.startswith("utf-8") else "utf-8"
    return TableError(
        f"{source}, line {line + count_lines(before)}, byte {place + 1:,}: "
        f"0x{error.object[error.start]:02x} is not valid {encoding.upper()} ({error.reason}). "
        f"If the file is in another encoding, name it, for instance --encoding {other}; "
        "otherwise correct that place."
    )


def _nul(source: str, text: bytes, line: int) -> TableError:
    """Say where a NUL character is; many of them mean UTF-16 without its mark."""
    at = text.index(b"\0")
    where = f"{source}, line {line + count_lines(text[:at])}"
    if text.count(b"\0") > max(2, len(text) // 4):
        return TableError(
            f"{where}: every other byte is NUL, as in UTF-16 without a byte order mark. "
            "Try --encoding utf-16-le or utf-16-be."
        )
    return TableError(
        f"{where}: a NUL character, which no text table holds. The file is damaged, or is not text."
    )

"""What one route of the API is."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from imagelib.daemon.messages import Handler


@dataclass(frozen=True, slots=True)
class Route:
    """One address with one method. Its summary is the handler's docstring."""

    method: str
    path: str
    handler: Handler
    statuses: tuple[int, ...]
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    #: The fields of `body` come beside a file, as multipart/form-data.
    upload: bool = False
    #: What a visitor of the gallery may see: answered in read-only mode too.
    public: bool = False
    #: Decodes pictures, reads the whole disk or sends without end: not on every thread at once.
    slow: bool = False
    #: Answered from memory or by a row or two, as long as the memory is that of what is stored.
    quick: bool = False
    #: Decodes one picture while somebody waits: better refused soon than answered late.
    hurried: bool = False

"""What may become public: a policy names what is kept, and all else is withheld.

A policy is a file `publish/<name>.toml` of the library, or a table `[publish.<name>]` of its
`imagelib.toml`. `PRESETS` need no file. What each value of an image becomes is said in `BECOMES`; a
column that is not there cannot be published, and a test fails until somebody has classified it.
"""

from __future__ import annotations

import json
import re
import secrets
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from imagelib.config import CONFIG_NAME, Settings, read_url
from imagelib.errors import ConflictError, InvalidError, NotFoundError
from imagelib.library.query.query import Query
from imagelib.library.store.disk import link_or_copy, replacing, sync_folder
from imagelib.library.values.registry import FIELDS
from imagelib.library.values.text import fold
from imagelib.library.values.written import clean_tag
from imagelib.publishing.cleaning.asking import Label

#: What a policy keeps a value by, for each value of an image; the others are
#: "made" anew for the copy, follow from the published "file", or are "never" public.
BECOMES: dict[str, str] = {
    "pk": "made", "id": "made", "file_name": "made", "created_at": "made", "updated_at": "made",
    "version": "made", "file_state": "made",
    "digest": "file", "size_bytes": "file", "width": "file", "height": "file",
    "mime_type": "file", "phash": "file",
    "original_name": "names", "title": "title", "prompt_text": "prompt",
    "negative_prompt": "negative", "ai_model": "model", "notes": "notes", "rating": "rating",
    "tags": "tags", "captured_at": "date", "generation": "generation",
    # What a generator wrote holds paths, and keys of services, wherever its nodes like.
    "prompt_meta": "never",
}
#: A coarser form of a value.
COARSE = {"date:month": "date", "names:number": "names"}
KEPT = tuple(sorted({*BECOMES.values()} - {"made", "file", "never"}) + sorted(COARSE))
#: Wears this whatever is never published, whatever a policy asks for.
PRIVATE_TAG = "private"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
Line = Annotated[str, BeforeValidator(lambda text: " ".join(text.split())
                                      if isinstance(text, str) else text)]


#: What makes a picture again, and names no machine and no person.
SETTINGS = ("tool", "version", "seed", "steps", "sampler", "scheduler", "cfg_scale", "size",
            "loras")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Pictures(_Table):
    """How pictures are published: `cleaned` as they are but for metadata, or made anew."""

    #: Longest side in pixels; a smaller picture keeps its size.
    size: Annotated[int, Field(ge=64, le=16384)] = 2048
    format: Literal["webp", "jpeg", "png"] = "webp"
    quality: Annotated[int, Field(ge=1, le=100)] = 88
    #: One text over the middle of each picture. It is pixels, and no promise of safety.
    watermark: Annotated[Line, Field(max_length=60)] = ""


class Chosen(_Table):
    """Which members of a value are kept: of `only`, or of all if it is empty, those that are not in
    `without`, nor below one of these, as searches have it."""

    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def __contains__(self, member: str) -> bool:
        if self.only and member not in self.only:
            return False
        return not any(is_below(member, one) for one in self.without)


def is_below(tag: str, top: str) -> bool:
    """Whether *tag* is *top* or stands below it, however another program wrote it."""
    parts, wanted = ([" ".join(part.split()) for part in fold(one).split("/")]
                     for one in (tag, top))
    return parts[:len(wanted)] == wanted


class Picks(_Table):
    """What visitors may say of an image, for you to merge; none of it by default."""

    favourite: bool = False
    stars: bool = False
    comment: bool = False
    #: Of how many images at most; 0 is no limit.
    max: Annotated[int, Field(ge=0, le=10_000)] = 0

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is allowed, by the names of the settings."""
        return tuple(name for name in ("favourite", "stars", "comment") if getattr(self, name))

    @model_validator(mode="after")
    def _says_what_it_limits(self) -> Self:
        if self.max and not self.kinds:
            raise ValueError("max limits nothing: allow favourite, stars or comment")
        return self


class Policy(_Table):
    """One publication: what is in it, what of that is said, and how it looks."""

    name: str
    title: Annotated[Line, Field(max_length=200)] = ""
    intro: Annotated[str, Field(max_length=5_000)] = ""
    author: Annotated[Line, Field(max_length=200)] = ""
    licence: Annotated[Line, Field(max_length=200)] = ""
    language: Annotated[Line, Field(max_length=35)] = ""
    base_url: str = ""
    query: str = ""
    fields: tuple[str, ...] = ()
    tags: Chosen = Chosen()
    generation: Chosen = Chosen(only=SETTINGS)
    #: "none" publishes nothing larger than the thumbnails.
    originals: Literal["none", "cleaned", "as they are"] | Pictures = Pictures()
    #: "keep" says of a file that it was made by AI only if the file itself did.
    ai_label: Label = "write"
    #: Whether the gallery writes below each picture what it is called, and what else is known.
    captions: bool = True
    #: The last day on which it is published, YYYY-MM-DD.
    expires: str = ""
    robots: Line = "noindex, nofollow"
    feed: bool = False
    sitemap: bool = False
    saved_searches: tuple[str, ...] = ()
    ids: Literal["same", "own"] = "same"
    picks: Picks = Picks()
    #: Words that are known to be harmless although they stand in something withheld.
    allow: tuple[str, ...] = ()
    #: Where it goes when nobody says another place.
    to: str = ""

    @classmethod
    def of(cls, name: str, values: dict[str, Any], source: str = "") -> Self:
        """The policy *name* from a table of TOML; *source* says where that stands.

        Raises:
            InvalidError: it holds a name or a value that we do not know; all are named.
        """
        if not _NAME.fullmatch(name):
            raise InvalidError(f"A publication cannot be called {name!r}: write small letters,"
                               " digits, - and _, at most 64.")
        try:
            return cls.model_validate({"name": name} | _as_tuples(values))
        except ValidationError as error:
            told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {_told(one)}"
                             for one in error.errors())
            raise InvalidError(f"{source or name}: {told}") from error

    def changed(self, source: str, **values: str | None) -> Self:
        """The same policy with other *values*, but for those that are None.

        Raises:
            InvalidError: one of them cannot be taken; *source* says where it stands.
        """
        given = {name: value for name, value in values.items() if value is not None}
        return self.of(self.name, self.model_dump(exclude={"name"}) | given, source)

    @classmethod
    def of_json(cls, text: str) -> Self:
        """A policy as it was written by `model_dump_json`, by an earlier version maybe."""
        values = json.loads(text)
        name = values.pop("name")
        return cls.of(name, {key: one for key, one in values.items() if key in cls.model_fields},
                      "the ledger")

    @field_validator("query")
    @classmethod
    def _query(cls, value: str) -> str:
        if warnings := Query.parse(value).warnings:
            raise ValueError(f"{'; '.join(warnings)}. A query that is read otherwise than it is"
                             " meant would publish other images")
        return value

    @field_validator("base_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        try:
            return read_url(value, "base_url")
        except InvalidError as error:
            raise ValueError(str(error)) from error

    @field_validator("expires", mode="before")
    @classmethod
    def _expires(cls, value: object) -> str:
        try:
            return str(value) and date.fromisoformat(str(value)).isoformat()
        except ValueError as error:
            raise ValueError(f"{value} is no date. Write it like 2026-12-31") from error

    @field_validator("fields")
    @classmethod
    def _fields(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in value if name not in KEPT]:
            raise ValueError(f"no field is called {', '.join(map(repr, unknown))}; known are:"
                             f" {', '.join(KEPT)}")
        return tuple(dict.fromkeys(value))

    @field_validator("tags")
    @classmethod
    def _tags(cls, value: Chosen) -> Chosen:
        return Chosen(only=tuple(map(clean_tag, value.only)),
                      without=tuple(map(clean_tag, value.without)))

    def keeps(self, word: str) -> bool:
        """Whether a value is kept by *word*, in full or in a coarser form."""
        return word in self.fields or any(
            coarse in self.fields for coarse, whole in COARSE.items() if whole == word)

    @property
    def is_over(self) -> bool:
        """Whether its last day has passed."""
        return bool(self.expires) and self.expires < f"{datetime.now().astimezone():%Y-%m-%d}"

    @property
    def heading(self) -> str:
        """What the gallery is called."""
        return self.title or self.name.replace("-", " ").replace("_", " ").capitalize()


PRESETS: dict[str, dict[str, Any]] = {
    # Pictures speak.
    "portfolio": {"fields": ["title", "date:month"], "originals": {"size": 2048}},
    # For people who want to learn how it was made.
    "settings": {"fields": ["title", "prompt", "negative", "model", "generation", "tags", "rating",
                            "date"],
                 "query": "-tag:nsfw", "originals": "cleaned", "robots": ""},
    # For a client, who chooses.
    "proof": {"fields": ["names:number"], "ids": "own",
              "originals": {"size": 1600, "format": "jpeg", "watermark": "PROOF"},
              "picks": {"favourite": True, "stars": True, "comment": True}},
}


def load(settings: Settings, name: str) -> Policy:
    """The policy *name* of a library, or the preset of that name.

    Raises:
        NotFoundError: there is none. InvalidError: it cannot be read, or stands in two places.
    """
    path, config = _folder(settings) / f"{name}.toml", settings.root / CONFIG_NAME
    table = _tables(settings).get(name)
    if path.is_file() and table is not None:
        raise InvalidError(f"The publication {name!r} stands in {config} and in {path}. Take one of"
                           " them away.")
    if path.is_file():
        return Policy.of(name, _document(path), str(path))
    if table is not None:
        return Policy.of(name, table, f"{config}, [publish.{name}]")
    if name in PRESETS:
        return Policy.of(name, PRESETS[name])
    raise NotFoundError(f"There is no publication {name!r}. Write publish/{name}.toml, or take one"
                        f" of these: {', '.join([*names(settings), *PRESETS])}.")


def names(settings: Settings) -> list[str]:
    """The publications that the library has a policy for."""
    files = {path.stem for path in _folder(settings).glob("*.toml")}
    return sorted(files | _tables(settings).keys())


def write(settings: Settings, name: str, policy: Policy) -> Path:
    """Write *policy* into a new file of the library, as the publication *name*.

    Raises:
        ConflictError: there is one of that name. InvalidError: none can be called so.
    """
    own = Policy.of(name, policy.model_dump(exclude={"name"}))
    path = _folder(settings) / f"{name}.toml"
    if name in names(settings):
        raise ConflictError(f"There is a publication {name!r} already, which stays as it is. Choose"
                            " another name.")
    partial = path.with_name(f".{secrets.token_hex(6)}.partial")
    try:
        with replacing(partial) as stream:
            stream.write(_written(own).encode())
        link_or_copy(partial, path)
    except FileExistsError as error:
        raise ConflictError(f"{path} is there already, and stays as it is. Choose another name."
                            ) from error
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)
    return path


def _written(policy: Policy) -> str:
    """*policy* in TOML: what is not as it is without a word, and what everybody has to decide."""
    decided = {"title", "intro", "author", "licence", "query", "to", "fields", "originals"}
    values = policy.model_dump(exclude={"name"})
    other = policy.model_dump(exclude={"name"}, exclude_defaults=True).keys()
    lines = [f"{name} = {_toml(value)}\n" for name, value in values.items()
             if name in decided | other]
    return ("# What `imagelib publish` shows of each image, to whom it says it, and where; what is"
            " not\n# named is withheld. All settings stand in docs/publishing.md.\n"
            f"# fields: any of {', '.join(KEPT)}\n" + "".join(lines))


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + " }"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    # JSON is TOML here, but for one character that TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def explained(policy: Policy) -> list[str]:
    """What the policy makes public, in words, a line each."""
    words = {field.search or field.name: field.label.lower() for field in FIELDS} | {
        "names": "file names", "generation": "generation data"}
    said = {"date:month": "the month of each date", "names:number": "a number for each image",
            "date": "the day of each date"}
    kept = [said.get(word, words.get(word, word)) for word in policy.fields]
    withheld = [words.get(word, word) for word in KEPT if word not in COARSE
                and not policy.keeps(word)]
    lines = [f"{policy.heading}: " + (f"the images that {policy.query!r} finds" if policy.query
                                      else "all images")
             + f", but none that wears the tag {PRIVATE_TAG!r}.",
             f"Shown with each: {', '.join(kept) or 'nothing'}.",
             f"Withheld: {', '.join(withheld)}, and everything else."]
    if "tags" in policy.fields and policy.tags.only:
        lines.append(f"Of tags, only: {', '.join(policy.tags.only)}.")
    if "generation" in policy.fields:
        lines.append(f"Of generation data: {', '.join(policy.generation.only) or 'all'}.")
    lines.append({
        "none": "Pictures have at most 800 pixels a side.",
        "cleaned": "Pictures are the originals without their metadata, pixel for pixel.",
        "as they are": "Pictures are the originals WITH ALL THAT IS IN THEM: prompts, workflows,"
                       " file dates.",
    }[policy.originals] if isinstance(policy.originals, str) else
        f"Pictures have at most {policy.originals.size} pixels a side, as"
        f" {policy.originals.format}"
        + (f", with {policy.originals.watermark!r} over them" if policy.originals.watermark
           else "") + "; animations become stills.")
    if policy.ids == "own":
        lines.append("Its ids are its own, but the pictures themselves link it to other copies of"
                     " them: what was made in the same way has the same pixels, bytes and names of"
                     " small pictures. A watermark of its own parts them.")
    if policy.expires:
        lines.append(f"It is published until {policy.expires}.")
    if policy.picks.kinds:
        limit = f" of at most {policy.picks.max:,} images" if policy.picks.max else ""
        said = {"favourite": "hearts", "stars": "stars", "comment": "comments"}
        lines.append(f"Visitors may pick{limit} by {', '.join(said[k] for k in policy.picks.kinds)}"
                     ", and send you that; nobody else sees it.")
    return lines


def _folder(settings: Settings) -> Path:
    return settings.root / "publish"


def _tables(settings: Settings) -> dict[str, dict[str, Any]]:
    config = settings.root / CONFIG_NAME
    table = _document(config).get("publish", {}) if config.is_file() else {}
    if not isinstance(table, dict) or not all(isinstance(one, dict) for one in table.values()):
        raise InvalidError(f"{config}: write a publication as a table of its own: [publish.name]")
    return table


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidError(f"{path}: {error}. Mend the file, or take it away.") from error


def _as_tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_as_tuples, value))
    if isinstance(value, dict):
        return {name: _as_tuples(one) for name, one in value.items()}
    return value


def _told(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such setting"
    return str(error["msg"]).removeprefix("Value error, ")

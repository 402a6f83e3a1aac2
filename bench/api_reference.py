"""What the API is compared with: FastAPI, SQLModel, uvicorn, written as their tutorials do.

    uvicorn api_reference:app --port 9000      (with IMAGELIB_REFERENCE_DB set)

No `from __future__ import annotations` here: SQLModel reads its relations from live types.
Same questions, same answers, LIKE for text. Not part of the program; needs packages of its own.
"""

import os
from collections.abc import Iterator

from fastapi import Depends, FastAPI, HTTPException, Query
from sqlalchemy import func
from sqlmodel import Field, Relationship, Session, SQLModel, create_engine, select


class ImageTag(SQLModel, table=True):
    """Which image carries which tag."""

    image_id: int = Field(foreign_key="image.id", primary_key=True)
    tag_id: int = Field(foreign_key="tag.id", primary_key=True, index=True)


class Tag(SQLModel, table=True):
    """A tag."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, index=True)


class Image(SQLModel, table=True):
    """A picture."""

    id: int | None = Field(default=None, primary_key=True)
    file_name: str
    prompt_text: str = ""
    ai_model: str = ""
    notes: str = ""
    rating: int = Field(default=0, index=True)
    captured_at: str = Field(default="", index=True)
    tags: list[Tag] = Relationship(link_model=ImageTag,
                                   sa_relationship_kwargs={"lazy": "selectin"})


class ImageRead(SQLModel):
    """What a client gets."""

    id: int
    file_name: str
    prompt_text: str
    ai_model: str
    notes: str
    rating: int
    captured_at: str
    tags: list[Tag]


class PageRead(SQLModel):
    """A page of them."""

    items: list[ImageRead]
    total: int


engine = create_engine(f"sqlite:///{os.environ['IMAGELIB_REFERENCE_DB']}",
                       connect_args={"check_same_thread": False})
app = FastAPI()


def get_session() -> Iterator[Session]:
    """One session for each request."""
    with Session(engine) as session:
        yield session


@app.get("/api/images", response_model=PageRead)
def list_images(q: str = "", tags: str = "", rating_min: int = Query(0, ge=0, le=5),
                date_from: str = "", page_size: int = Query(60, le=500),
                session: Session = Depends(get_session)) -> object:
    """Filter, count, page."""
    wanted = select(Image)
    if q:
        like = f"%{q}%"
        wanted = wanted.where(Image.prompt_text.like(like) | Image.notes.like(like)
                              | Image.ai_model.like(like))
    for name in filter(None, tags.split(",")):
        wanted = wanted.where(Image.id.in_(
            select(ImageTag.image_id).join(Tag, Tag.id == ImageTag.tag_id)
            .where(Tag.name == name)))
    if rating_min:
        wanted = wanted.where(Image.rating >= rating_min)
    if date_from:
        wanted = wanted.where(Image.captured_at >= date_from)
    total = session.exec(select(func.count()).select_from(wanted.subquery())).one()
    items = session.exec(wanted.order_by(Image.captured_at.desc(), Image.id.desc())
                         .limit(page_size)).all()
    return {"items": items, "total": total}


@app.get("/api/images/{image_id}", response_model=ImageRead)
def get_image(image_id: int, session: Session = Depends(get_session)) -> object:
    """One image."""
    image = session.get(Image, image_id)
    if image is None:
        raise HTTPException(404)
    return image


@app.get("/api/tags")
def count_tags(session: Session = Depends(get_session)) -> object:
    """Every tag with its count."""
    rows = session.exec(select(Tag.name, func.count()).join(ImageTag, ImageTag.tag_id == Tag.id)
                        .group_by(Tag.id).order_by(func.count().desc()))
    return [{"name": name, "count": count} for name, count in rows]

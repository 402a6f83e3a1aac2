"""The OpenAPI 3.1 document, made from a table of routes and their pydantic models."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import MISSING, fields
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from imagelib import __version__
from imagelib.daemon.route import Route
from imagelib.daemon.uploads import FILE_FIELD
from imagelib.library.values.image import Image

_REF = "#/components/schemas/{model}"
_JSON_TYPES = {"int": {"type": "integer"}, "str": {"type": "string"},
               "tuple[str, ...]": {"type": "array", "items": {"type": "string"}},
               "dict[str, Any]": {"type": "object"}, "Any": {}}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The whole document of *routes*."""
    routes = tuple(routes)
    models = sorted({m for route in routes for m in (route.body, route.query) if m},
                    key=lambda model: model.__name__)
    _, definitions = models_json_schema([(m, "validation") for m in models],
                                        ref_template=_REF)
    schemas = definitions.get("$defs", {}) | {"Image": _image_schema(), "Problem": _PROBLEM}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "imagelib", "version": __version__,
                 "description": "The local editor's API of one image library."},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.handler.__name__}_{route.method.lower()}",
        "summary": (route.handler.__doc__ or "").strip().splitlines()[0],
        "responses": {str(code): _response(code) for code in route.statuses},
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    parameters += _query_parameters(route.query) if route.query else []
    if parameters:
        operation["parameters"] = parameters
    if route.upload and route.body:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {
            "schema": {"type": "object", "required": [FILE_FIELD], "properties": {
                FILE_FIELD: {"type": "string", "format": "binary"},
                "metadata": {"$ref": _REF.format(model=route.body.__name__)},
            }}}}}
    elif route.body:
        operation["requestBody"] = {"required": True, "content": {
            "application/json": {"schema": {"$ref": _REF.format(model=route.body.__name__)}}}}
    return operation


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF)
    return [{"name": name, "in": "query", "required": False, "schema": value}
            for name, value in schema["properties"].items()]


def _response(code: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(code).phrase}
    if code >= 400:
        answer["content"] = {"application/problem+json": {
            "schema": {"$ref": _REF.format(model="Problem")}}}
    return answer


def _image_schema() -> dict[str, Any]:
    properties = {f.name: _JSON_TYPES.get(str(f.type), {"type": "string"}) for f in fields(Image)}
    properties |= {name: {"type": "string"} for name in ("url", "thumbnail_url", "display_url")}
    required = [f.name for f in fields(Image) if f.default is MISSING]
    return {"type": "object", "properties": properties, "required": required}


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `detail` is a text, or for 422 the list of what is wrong.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "detail": {"oneOf": [{"type": "string"}, {"type": "array", "items": {
            "type": "object", "required": ["loc", "msg", "type"], "properties": {
                "loc": {"type": "array"}, "msg": {"type": "string"}, "type": {"type": "string"},
            }}}]},
    },
}

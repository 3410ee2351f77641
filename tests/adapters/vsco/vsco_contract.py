"""The specification as a referee on the line: every request and every answer that passes is held against it."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

SPEC = Path(__file__).resolve().parents[4] / "shared" / "specs" / "vsco-workspace-openapi.json"
_URN = "urn:vsco"

# The specification says a list of tax rates is one TaxRate; it is a list like all others.
_MISPRINTS = {("GET", "/tax-rate"): "List"}


@functools.lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    if not SPEC.exists():
        pytest.skip("the maker's specification is not beside this clone (../shared/specs)")
    spec = _checkable(json.loads(SPEC.read_text()))
    # Id is read-only wherever it stands, and yet POST /payment/{id}/apply requires an `orderId` that is one.
    del spec["components"]["schemas"]["Id"]["readOnly"]
    return spec


def _checkable(value: Any) -> Any:
    """Without what cannot be checked: `multipleOf: 0.0001` in floats (0.19 / 0.0001 is no whole number there), and the
    discriminator, whose values ("person") are no names of schemas ("Person")."""
    if isinstance(value, dict):
        steps = isinstance(value.get("multipleOf"), float)
        return {
            name: _checkable(part)
            for name, part in value.items()
            if name != "discriminator" and not (steps and name == "multipleOf")
        }
    return [_checkable(part) for part in value] if isinstance(value, list) else value


@functools.lru_cache(maxsize=1)
def _registry() -> Registry:
    return Registry().with_resource(_URN, Resource.from_contents(document(), default_specification=DRAFT4))


class Referee(httpx.BaseTransport):
    """A transport that passes calls on, and fails on what the specification does not allow. `seen`: "GET /job/{id}"."""

    def __init__(self, inner: httpx.BaseTransport, base_path: str) -> None:
        self._inner, self._base_path = inner, base_path
        self.seen: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix(self._base_path)
        template, operation = _operation(request.method, path)
        self.seen.append(f"{request.method} {template}")
        check_query(operation, dict(request.url.params))
        if request.content:
            _check(OAS30WriteValidator, _body_schema(operation["requestBody"]), json.loads(request.content))
        response = self._inner.handle_request(request)
        response.read()
        status = str(response.status_code)
        assert status in operation["responses"], f"{request.method} {template} does not answer {status}"
        schema = _body_schema(resolved(operation["responses"][status]))
        if name := _MISPRINTS.get((request.method, template)):
            schema = {"$ref": f"{_URN}#/components/schemas/{name}"}
        _check(OAS30ReadValidator, schema, response.json())
        return response

    def close(self) -> None:
        self._inner.close()


def check_query(operation: dict[str, Any], query: dict[str, str]) -> None:
    """Only parameters that the operation has, with values that its schemas take."""
    known = {p["name"]: p for p in map(resolved, operation.get("parameters", [])) if p["in"] == "query"}
    assert set(query) <= set(known), f"unspecified: {sorted(set(query) - set(known))}"
    for name, text in query.items():
        schema = known[name]["schema"]
        typed: Any = {"integer": int, "boolean": lambda flag: {"true": True, "false": False}[flag]}.get(
            schema.get("type", ""), str
        )(text)
        _check(OAS30WriteValidator, schema, typed)


def operation_of(method: str, path: str) -> dict[str, Any]:
    return _operation(method, path)[1]


def _operation(method: str, path: str) -> tuple[str, dict[str, Any]]:
    templates = sorted(document()["paths"], key=lambda template: template.count("{"))
    for template in templates:
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method.lower() in document()["paths"][template]:
            return template, document()["paths"][template][method.lower()]
    raise AssertionError(f"the specification has no {method} {path}")


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = document()
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def _body_schema(part: dict[str, Any]) -> dict[str, Any]:
    return part["content"]["application/json"]["schema"]


def _check(validator: Any, schema: dict[str, Any], value: Any) -> None:
    absolute = json.loads(json.dumps(schema).replace('"$ref": "#/', f'"$ref": "{_URN}#/'))
    errors = list(validator(absolute, registry=_registry(), format_checker=oas30_format_checker).iter_errors(value))
    assert not errors, "; ".join(f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in errors[:5])

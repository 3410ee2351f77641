"""A seeded studio behind a test client, and the maker's specification to hold every answer against."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import FormatChecker
from jsonschema.exceptions import best_match
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from starlette.testclient import TestClient
from strangers import seed_with_strangers

from billing.sandbox.app import build_app
from billing.sandbox.clock import SandboxClock
from billing.sandbox.seed import SeedPlan
from billing.sandbox.store import Store

SPEC = Path(__file__).parents[3] / "shared" / "specs" / "vsco-workspace-openapi.json"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BASE = "/vsco/api/v2"


class Contract:
    """Validates requests and answers of one operation; fields that the specification does not name are errors too."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._formats = FormatChecker(())
        self._formats.checkers = dict(oas30_format_checker.checkers)
        del self._formats.checkers["float"]  # it knows floats only; fractions are read as Decimal here, to be exact
        self._formats.checkers["ulid"] = (_is_ulid, ())

    def answer(self, method: str, path: str, response: httpx.Response) -> None:
        operation = self._spec["paths"][path][method.lower()]
        declared = operation["responses"].get(str(response.status_code))
        shape = self._schema(declared) if declared else {"$ref": "#/components/schemas/Error"}
        self.check(shape, response.text)

    def error(self, response: httpx.Response, name: str = "Error") -> None:
        self.check({"$ref": f"#/components/schemas/{name}"}, response.text)
        assert response.json()["status"] == response.status_code

    def request(self, method: str, path: str, body: dict[str, Any]) -> None:
        operation = self._spec["paths"][path][method.lower()]
        self.check(operation["requestBody"]["content"]["application/json"]["schema"], json.dumps(body))

    def check(self, schema: dict[str, Any], text: str) -> None:
        document = {**schema, "components": self._spec["components"]}
        body = json.loads(text, parse_float=Decimal)
        error = best_match(OAS30Validator(document, format_checker=self._formats).iter_errors(body))
        assert error is None, f"{error.json_path}: {error.message[:500]}"

    def fields(self, name: str) -> set[str]:
        """The names of a schema's properties, through allOf."""
        schema = self._spec["components"]["schemas"][name]
        return set(self._names(schema))

    def _names(self, schema: dict[str, Any]) -> Iterator[str]:
        if "$ref" in schema:
            yield from self.fields(schema["$ref"].rsplit("/", 1)[1])
        yield from schema.get("properties", {})
        for part in schema.get("allOf", []):
            yield from self._names(part)

    def _schema(self, declared: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in declared:
            declared = self._spec["components"]["responses"][declared["$ref"].rsplit("/", 1)[1]]
        return declared["content"]["application/json"]["schema"]


def _is_ulid(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"[0-7][0-9a-hjkmnp-tv-z]{25}", value))


@pytest.fixture(scope="session")
def contract() -> Contract:
    if not SPEC.exists():
        pytest.skip("the maker's specification is not beside this checkout (../shared/specs)")
    return Contract(json.loads(SPEC.read_text(), parse_float=Decimal, object_hook=_without_discriminator))


def _without_discriminator(part: dict[str, Any]) -> dict[str, Any]:
    """The published discriminators point at files that were not published; each kind's own enum does the same."""
    return {name: value for name, value in part.items() if name != "discriminator"}


@dataclass
class World:
    """The sandbox in memory at a frozen instant, with its studio."""

    store: Store
    clock: SandboxClock
    plan: SeedPlan
    http: TestClient

    def vsco(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"X-API-KEY": self.plan.api_key, **options.pop("headers", {})}
        return self.http.request(method, BASE + path, headers=headers, **options)

    def pixieset(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Cookie": "pixieset_session=sandbox-session", "X-CSRF-Token": "sandbox-csrf"}
        headers.update(options.pop("headers", {}))
        return self.http.request(method, f"/pixieset/galleries/api/v1{path}", headers=headers, **options)

    def control(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(f"/sandbox{path}", json=body)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One seeded state that every test copies: seeding anew each time would be the slowest part of each."""
    state = tmp_path_factory.mktemp("seeded") / "sandbox.db"
    store = Store(state)
    clock = SandboxClock(store)
    clock.freeze(NOW)
    seed_with_strangers(store, clock, sessions=20, seed=7)
    store.close()
    return state


@pytest.fixture
def world(seeded: Path, tmp_path: Path) -> Iterator[World]:
    store = Store(shutil.copy(seeded, tmp_path / "world.db"))
    clock, plan = SandboxClock(store), SeedPlan.load(store)
    yield World(store, clock, plan, TestClient(build_app(store, clock, "http://127.0.0.1:8800")))
    store.close()

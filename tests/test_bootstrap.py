"""The composition root: what is opened is closed, and a ledger belongs to one Stripe account."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeClock, FakeGateway

from billing.adapters.clock import SandboxTime, SystemClock
from billing.adapters.manual_gallery import ManualGalleries
from billing.adapters.pixieset import PixiesetGalleries
from billing.bootstrap import build_context, clock_of, open_context, open_ledger, open_warehouse, pace_file, pin_account
from billing.domain.errors import PermanentError, TemporaryError
from billing.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "ledger_url": f"sqlite:///{tmp_path}/deep/down/ledger.db", "warehouse_path": tmp_path / "w" / "w.duckdb",
            "vsco_api_key": "k", "stripe_api_key": "rk_test_1", "studio_name": "North Light",
            "studio_email": "a@b.example",
        }
    )  # fmt: skip


def test_a_house_is_built_of_the_settings_and_can_be_opened_again(settings: Settings) -> None:
    for _ in range(2):
        with open_context(settings) as ctx:
            assert isinstance(ctx.galleries["pixieset"], ManualGalleries)
            assert isinstance(ctx.clock, SystemClock)
            with ctx.ledger.read() as uow:
                assert uow.tasks.open_tasks() == []


def test_pixieset_is_used_only_by_a_studio_that_asked_for_it(settings: Settings) -> None:
    with ExitStack() as closing:
        asked = {"pixieset_url": "http://127.0.0.1:9", "pixieset_session_cookie": "c", "pixieset_csrf_token": "t"}
        ctx = build_context(Settings.model_validate({**settings.model_dump(), **asked}), closing)

        assert isinstance(ctx.galleries["pixieset"], PixiesetGalleries)


def test_an_unrestricted_live_key_is_refused_before_anything_is_opened(settings: Settings, tmp_path: Path) -> None:
    live = Settings.model_validate({**settings.model_dump(), "stripe_api_key": "sk_live_1"})

    with pytest.raises(PermanentError), open_context(live):
        pass
    assert not (tmp_path / "deep").exists()


def test_the_pace_of_stripe_is_kept_in_a_file_beside_the_ledger(settings: Settings, tmp_path: Path) -> None:
    nowhere = settings.model_copy(update={"stripe_url": "http://127.0.0.1:9"})

    with open_context(nowhere) as ctx, pytest.raises(TemporaryError):
        ctx.gateway.balance()

    assert [path.name for path in tmp_path.glob("deep/**/*.stripe-pace")] == [f"{ledger_name(settings)}.stripe-pace"]


def test_a_ledger_on_a_server_has_its_pace_beside_the_warehouse(settings: Settings, tmp_path: Path) -> None:
    there = settings.model_copy(update={"ledger_url": "postgresql+psycopg://x@localhost/billing"})

    assert pace_file(there, "stripe") == settings.warehouse_path.with_name(
        f"{settings.warehouse_path.name}.stripe-pace"
    )


def ledger_name(settings: Settings) -> str:
    return settings.ledger_url.rpartition("/")[2]


def test_another_account_stops_everything(settings: Settings) -> None:
    with open_context(settings) as opened:
        gateway = FakeGateway(FakeClock())
        ctx = replace(opened, gateway=gateway)
        pin_account(ctx)
        pin_account(ctx)
        gateway.account_id = "acct_2"

        with pytest.raises(PermanentError, match="belongs to Stripe account acct_1 test, the key to acct_2 test"):
            pin_account(ctx)


def test_a_ledger_that_cannot_be_opened_is_one_clear_error(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database" * 99)

    with pytest.raises(TemporaryError, match="cannot be used"):
        open_ledger(settings.model_copy(update={"ledger_url": f"sqlite:///{tmp_path}/ledger.db"}))


def test_the_warehouse_has_its_folder(settings: Settings, tmp_path: Path) -> None:
    open_warehouse(settings)

    assert (tmp_path / "w").is_dir()


def test_the_sandbox_tells_the_time_where_the_settings_say_so(settings: Settings) -> None:
    assert isinstance(clock_of(settings.model_copy(update={"clock_url": "http://127.0.0.1:9"})), SandboxTime)


def test_the_folder_that_is_made_for_the_ledger_is_its_owners_alone(settings: Settings, tmp_path: Path) -> None:
    open_ledger(settings).close()
    open_warehouse(settings)

    assert [oct((tmp_path / name).stat().st_mode & 0o777) for name in ("deep/down", "w")] == ["0o700", "0o700"]

"""`python -m billing.cli.reference`: writes docs/COMMANDS.md, docs/SETTINGS.md and .env.example from the code.

`make docs` calls it; a test holds the files against it, so that they never say what the program does not do.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from billing.bootstrap import SQL
from billing.cli.group import billing
from billing.settings import Settings

_WIDTH = 100
SAMPLES = {
    "vsco_api_key": "your key from VSCO Workspace",
    "stripe_api_key": "rk_live_your_restricted_key",
    "studio_name": "Your Studio",
    "studio_email": "you@your-studio.example",
    "billing_starts_on": "2026-12-01",  # nothing is billed without it, so it is set first too
}

_OF_THE_DASHBOARD = (
    (
        "BILLING_DASHBOARD_EMAILS",
        "",
        "Who may look when there is a login: e-mail addresses, separated by commas or spaces; empty lets nobody in."
        " Not needed while the dashboard is bound to loopback.",
    ),
    (
        "BILLING_DASHBOARD_HOSTS",
        "",
        "Host names under which the dashboard is reached through a proxy; separated by |. Empty: on this machine only.",
    ),
    ("BILLING_WAREHOUSE_PATH", "`var/warehouse.duckdb`", "The published DuckDB file that it reads."),
    ("BILLING_TIME_ZONE", "`UTC`", "The studio's time zone, in which days are shown."),
    ("BILLING_STUDIO_NAME", "`Studio Billing`", "The name at its head."),
)


def pages() -> dict[str, str]:
    """Each generated file, by its path from the project's folder."""
    return {"docs/COMMANDS.md": commands_page(), "docs/SETTINGS.md": settings_page(), ".env.example": env_example()}


def commands_page() -> str:
    """Every command with what its --help prints."""
    parts = [
        "# The `billing` command",
        "Made by `make docs` from the commands themselves; a test keeps it true.",
        "Errors are one line on stderr and exit code 1; `billing --debug …` shows where one came from. What people ask"
        "\nfor waits in the command queue, with who asked and why, and the pipeline carries it out within"
        "\nseconds. `--now` carries it out at once where no pipeline runs.",
    ]
    for path, command in every_command():
        parts.append(f"## {' '.join(path)}\n\n```console\n$ {' '.join(path)} --help\n{_help(path, command)}\n```")
    return "\n\n".join(parts) + "\n"


def every_command() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The command and all below it, with the words that lead to each."""
    yield from _walk(("billing",), billing)


def settings_page() -> str:
    """A table of all settings; a setting that has no default must be there."""
    head = (
        "# Settings\n\nMade by `make docs` from `billing/settings.py`; a test keeps it true.\n\n"
        "Read once from the environment, or from `.env` in the folder where `billing` is started. All that is\n"
        "missing or wrong is said at once; `billing doctor` tries them out. The ports of the servers are options of\n"
        "`billing up` and `billing demo`, with variables of their own, which are read from the environment and never\n"
        "from `.env`: see [COMMANDS.md](COMMANDS.md).\n\n"
        "| variable | default | what it is |\n| --- | --- | --- |\n"
    )
    rows = (f"| `{_variable(name)}` | {_shown(field)} | {_described(field)} |" for name, field in _fields())
    return head + "\n".join(rows) + "\n\n" + _dashboard_part()


def _dashboard_part() -> str:
    """The dashboard reads its own variables: it knows the published figures and nothing of the rest."""
    rows = "\n".join(
        f"| `{name}` | {default} | {what.replace('|', chr(92) + '|')} |" for name, default, what in _OF_THE_DASHBOARD
    )
    return (
        "## Of the dashboard\n\nThe dashboard knows nothing of the settings above. `billing up` hands it these, those"
        " of `.env` too; where it is\nstarted by itself, they are read from its environment.\n\n"
        f"| variable | default | what it is |\n| --- | --- | --- |\n{rows}\n"
    )


def env_example() -> str:
    """A .env to copy: what must be set first, the rest commented out with its default."""
    lines = ["# Copy to .env and fill in; readable by you alone (chmod 600 .env). docs/SETTINGS.md says more.", ""]
    for name, field in sorted(_fields(), key=lambda item: item[0] not in SAMPLES):
        value = SAMPLES.get(name, _plain(field.default))
        lines += [f"# {field.description}", f"{'' if name in SAMPLES else '#'}{_variable(name)}={_quoted(value)}", ""]
    for name, default, what in _OF_THE_DASHBOARD:
        lines += [] if default else [f"# {what}", f"#{name}=", ""]
    return "\n".join(lines).rstrip() + "\n"


def _walk(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                yield from _walk((*path, name), found)


def _help(path: tuple[str, ...], command: click.Command) -> str:
    """As on a terminal of a hundred columns, whoever asks and wherever."""
    context = click.Context(
        command, info_name=" ".join(path), terminal_width=_WIDTH, max_content_width=_WIDTH,
        help_option_names=["-h", "--help"],
    )  # fmt: skip
    return command.get_help(context)


def _fields() -> list[tuple[str, FieldInfo]]:
    return list(Settings.model_fields.items())


def _variable(name: str) -> str:
    return f"BILLING_{name.upper()}"


def _shown(field: FieldInfo) -> str:
    if field.is_required():
        return "*must be set*"
    plain = _plain(field.default)
    return f"`{plain}`" if plain else ""


def _described(field: FieldInfo) -> str:
    """The description, with the words to choose from where it does not name them itself."""
    text = (field.description or "").replace("|", "\\|")
    choices = [str(_plain(choice)) for choice in _choices(field.annotation)]
    return text if all(choice in text for choice in choices) else f"{text} One of {', '.join(choices)}."


def _choices(annotation: Any) -> tuple[Any, ...]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(annotation)
    return tuple(choice for choice in get_args(annotation) if isinstance(choice, str))


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value.value) if isinstance(value, Enum) else str(value)


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value or "#" in value else value


if __name__ == "__main__":
    for place, content in pages().items():
        (SQL.parent / Path(place)).write_text(content, encoding="utf-8")

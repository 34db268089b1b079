"""The documents are true: links lead somewhere; settings, commands, endpoints and metrics are those of the code."""

from __future__ import annotations

import argparse
import itertools
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from integration.__main__ import COMMANDS, _parser, module_of
from integration.cases.entry import State
from integration.settings import from_environment, names
from integration.web.app import create_app
from integration.zendesk.ratings import PAYLOAD as RATINGS_PAYLOAD
from integration.zendesk.setup.wording import ON_DEMAND_PAYLOAD, PAYLOAD
from tests.conftest import ROOT
from tests.variables import ASKED, ENVIRON, INTERCOM, SURVEYS_AND_SLACK, VARIABLES, needed

NAMES = names()

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
README, SETTINGS, ALERTS, REFERENCE, INSTALL = (
    ROOT / name
    for name in ("README.md", *(f"docs/{name}.md" for name in ("settings", "alerts", "reference", "install")))
)
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
MARKDOWN = MarkdownIt("commonmark").enable("table")


def parsed(document: Path) -> Iterator[Token]:
    """Every token of a document, those inside of lines too."""
    for token in MARKDOWN.parse(document.read_text()):
        yield token
        yield from token.children or ()


def titles(document: Path) -> list[str]:
    """The titles of a document's headings."""
    pairs = itertools.pairwise(parsed(document))
    return [after.content for token, after in pairs if token.type == "heading_open"]


def anchor(title: str) -> str:
    """What GitHub and others make of a heading's title."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def code(document: Path) -> str:
    """All that stands as code in a document, a piece a line."""
    kinds = ("fence", "code_block", "code_inline")
    return "\n".join(token.content for token in parsed(document) if token.type in kinds)


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table but for the heads."""
    lines = re.findall(r"^\|(.*)\|$", text, re.MULTILINE)
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]
    heads = {number - 1 for number, row in enumerate(cells) if set("".join(row)) <= set("-")}
    return [row for number, row in enumerate(cells) if number not in heads and number - 1 not in heads]


def section(document: Path, title: str) -> str:
    """The text below a heading, up to the next one of its level."""
    text = document.read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    assert text, f"{document.name} has no {title}"
    return text


# -- Links and pictures


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_something(document: Path) -> None:
    links = [str(token.attrs[name]) for token in parsed(document) for name in ("href", "src") if name in token.attrs]
    for link in links:
        if re.match(r"https?://", link):
            continue
        path, _, place = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not place or place in map(anchor, titles(target)), link


def test_every_document_and_picture_is_linked_to_from_the_readme_or_from_what_it_links_to() -> None:
    linked = {
        (document.parent / str(token.attrs[name]).partition("#")[0]).resolve()
        for document in DOCUMENTS
        for token in parsed(document)
        for name in ("href", "src")
        if name in token.attrs
    }
    assert {path for path in (*ROOT.glob("docs/*"), CONTRIBUTING) if path not in linked} == set()


# -- The README


def test_the_readme_is_short() -> None:
    assert len(README.read_bytes()) <= 12_000


def test_the_deploy_button_is_a_picture_of_our_own_that_leads_to_heroku() -> None:
    (picture, target), *others = re.findall(r"\[!\[[^]]+\]\(([^)]+)\)\]\(([^)]+)\)", README.read_text())
    assert not others
    assert (ROOT / picture).suffix == ".svg"
    assert target == "https://www.heroku.com/deploy"


def test_without_the_button_the_worker_is_started_too() -> None:
    step = section(README, "Install it").partition("\n1. ")[2].partition("\n2. ")[0]
    commands = [line.strip() for line in step.splitlines() if line.startswith("       ")]
    assert [command.split()[1] for command in commands] == ["create", "addons:create", "push", "ps:scale"]
    assert f"addons:create {app_plan()} " in step
    assert re.search(r"ps:scale .*\bworker=1\b", step)
    assert re.search(r"\*\*Until step 4 .* error page\*\*", step)


def app_plan() -> str:
    manifest: dict[str, Any] = yaml.safe_load((ROOT / "app.json").read_text())
    plan: str = manifest["addons"][0]["plan"]
    return plan


def test_the_readme_names_the_variables_that_an_installation_needs() -> None:
    first = [row[0] for row in rows(section(README, "Variables"))]
    wanted = needed() | {"ZENDESK_WEBHOOK_SECRET", "ADMIN_PASSWORD"}
    assert re.findall(r"`([A-Z_]+)`", " ".join(first)) == [name for name in NAMES if name in wanted]


def test_the_steps_of_the_readme_set_all_that_is_needed() -> None:
    steps = section(README, "Install it")
    set_there = set(re.findall(r"([A-Z_]+)=", "\n".join(re.findall(r"heroku config:set .*", steps))))
    assert set_there >= needed() - {"REDIS_URL"} | {"ZENDESK_WEBHOOK_SECRET", "ADMIN_PASSWORD", "REDIS_TLS_VERIFY"}


@pytest.mark.parametrize(
    "secret",
    [
        *("SECRET_KEY", "ZENDESK_WEBHOOK_SECRET", "ZENDESK_CLIENT_SECRET", "LOGROCKET_API_KEY", "ADMIN_PASSWORD"),
        *("SLACK_BOT_TOKEN", "SURVEY_TOKEN", "ASK_TOKENS"),
    ],
)
def test_the_documents_say_how_each_secret_is_changed(secret: str) -> None:
    told = {row[0].strip("`"): row[1] for row in rows(section(INSTALL, "Changing an address or a secret"))}
    assert re.search(rf"heroku config:set .*\b{secret}=", told[secret])


# -- Settings


def settings_rows() -> list[list[str]]:
    return rows(SETTINGS.read_text())


def test_the_settings_are_those_of_the_code_each_once_and_in_its_order() -> None:
    assert [row[0] for row in settings_rows()] == [f"`{name}`" for name in (*NAMES, "PORT")]
    assert set(NAMES) == VARIABLES | {"HEROKU_APP_DEFAULT_DOMAIN_NAME"}
    assert all(len(row) == 3 and len(row[2]) > 20 for row in settings_rows())


def test_the_settings_say_what_is_needed() -> None:
    assert {row[0].strip("`") for row in settings_rows() if row[1] == "needed"} == needed()


def test_the_settings_show_the_defaults_of_the_code() -> None:
    assert all(re.fullmatch(r"needed|none|`[^`]+`", row[1]) for row in settings_rows())
    shown = {row[0].strip("`"): row[1].strip("`") for row in settings_rows() if "`" in row[1]}
    shown = {name: value.replace("<subdomain>", ENVIRON["ZENDESK_SUBDOMAIN"]) for name, value in shown.items()}
    assert len(shown) > 10
    assert from_environment({**ENVIRON, **shown}) == from_environment({name: ENVIRON[name] for name in ENVIRON})
    for name in shown.keys() - {"PORT"}:
        others = {**ENVIRON, name: ""}
        assert from_environment({**others, name: shown[name]}) == from_environment(others), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_names_a_variable_that_nobody_reads(document: Path) -> None:
    of_make = set(re.findall(r"^([A-Z_]+) \??=", (ROOT / "Makefile").read_text(), re.MULTILINE))
    names = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", code(document)))
    assert names <= {*NAMES, *of_make, "HUBSPOT_DEFINED"}  # a word of HubSpot's API


# -- Commands


def options_of(command: str) -> set[str]:
    """The long options of a command."""
    parser = argparse.ArgumentParser()
    module_of(command).arguments(parser)
    return {name for action in parser._actions for name in action.option_strings if name.startswith("--")} - {"--help"}


def test_every_command_is_described_with_every_option() -> None:
    described: dict[str, set[str]] = {}
    for row in rows(section(REFERENCE, "Commands")):
        for command in re.findall(r"`([a-z][^`]*)`", row[0]):
            described.setdefault(command.split()[0], set()).update(re.findall(r"--[a-z-]+", command))
    assert described.keys() == set(COMMANDS)
    filters = set(re.findall(r"--[a-z-]+", (ROOT / "docs/install.md").read_text()))
    for command, options in described.items():
        left = options_of(command) - options
        assert options <= options_of(command), command
        assert left <= filters if command == "install" else not left, command


def commands_in(document: Path) -> list[str]:
    """What a document has people run of ours, as they type it."""
    return re.findall(r"python -m integration +([a-z][^\n]*)", code(document))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_a_document_shows_can_be_run(document: Path) -> None:
    for command in commands_in(document):
        words = shlex.split(command.replace("TICKET", "35436"))
        if words == ["status", "CASE"]:
            assert "status" in COMMANDS
            continue
        _parser(words).parse_args(words)  # ends the test when it does not know them


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_target_of_make_that_a_document_shows_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", code(document))) <= targets


def test_the_bodies_that_are_made_by_hand_are_ours() -> None:
    assert PAYLOAD in (ROOT / "docs/install.md").read_text()
    assert ON_DEMAND_PAYLOAD in (ROOT / "docs/install.md").read_text()
    assert RATINGS_PAYLOAD in (ROOT / "docs/surveys-and-slack.md").read_text()


# -- Endpoints and states


def test_every_endpoint_is_described() -> None:
    described = {match for row in rows(section(REFERENCE, "Endpoints")) for match in re.findall(r"`(/\S*)`", row[0])}
    described |= {row[0].strip("`").split()[1] for row in rows(section(REFERENCE, "Endpoints"))}
    everything = from_environment({**ENVIRON, **SURVEYS_AND_SLACK, **INTERCOM, **ASKED})
    rules = {rule.rule for rule in create_app(everything).url_map.iter_rules()}
    assert described == {rule for rule in rules if not rule.startswith("/status/")}


def test_every_state_is_described() -> None:
    assert [row[0] for row in rows(section(REFERENCE, "States"))] == [f"`{state}`" for state in State]


# -- Alerts


def alerts() -> list[dict[str, Any]]:
    blocks = [yaml.safe_load(token.content) for token in parsed(ALERTS) if token.type == "fence"]
    (group,) = next(block["groups"] for block in blocks if "groups" in block)
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def test_every_alert_says_what_it_means_and_what_to_do() -> None:
    names = [rule["alert"] for rule in alerts()]
    told = section(ALERTS, "What each means, and what to do")
    assert re.findall(r"^### (\w+)$", told, re.MULTILINE) == names
    assert len(names) == len(set(names)) >= 10
    for part in told.split("\n### ")[1:]:
        assert re.search(r"\n\n\*\*Means:\*\* .+\n\n\*\*Do:\*\* ", part, re.DOTALL), part


def test_every_alert_can_be_read_by_prometheus() -> None:
    for rule in alerts():
        assert rule.keys() >= {"alert", "expr", "annotations"}
        assert rule.keys() <= {"alert", "expr", "for", "annotations", "labels"}
        assert re.fullmatch(r"\d+[smhd]", rule.get("for", "1m"))
        assert rule["expr"].count("(") == rule["expr"].count(")")
        assert rule["annotations"]["summary"].endswith(".")


# -- For developers


def test_the_map_names_every_folder_and_nothing_that_is_gone() -> None:
    named = {name for row in rows(section(CONTRIBUTING, "The map")) for name in re.findall(r"`([\w./]+)`", row[0])}
    named |= set(re.findall(r"`((?:tests|docs|integration|worker)/[\w./]+)`", CONTRIBUTING.read_text()))
    assert [name for name in named if not (ROOT / name).exists()] == []
    packages = {path.parent.relative_to(ROOT) for path in ROOT.glob("integration/*/__init__.py")}
    folders = {ROOT / name for name in named}
    assert {str(package) for package in packages if ROOT / package not in folders} == set()
    modules = {str(path.relative_to(ROOT)) for path in ROOT.glob("integration/*.py") if "__" not in path.name}
    assert modules - named == set()


def test_every_dependency_has_a_line_on_why() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    groups = project["dependency-groups"].values()
    wanted = [*project["project"]["dependencies"], *(name for group in (*extras, *groups) for name in group)]
    table = [row[0].partition(" (")[0] for row in rows(section(CONTRIBUTING, "Dependencies"))]
    assert sorted(", ".join(table).split(", ")) == sorted({re.split(r"[\[>]", name)[0] for name in wanted})

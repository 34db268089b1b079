"""Which LogRocket project a case belongs to: one for all cases, and others for some brands and forms; no I/O.

LOGROCKET_PROJECTS=brand:Acme Pro=acme/pro:acme:pro:<secret>,form:360001=acme/shop:acme:shop:<secret>
"""

from __future__ import annotations

import enum
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from integration import variables

if TYPE_CHECKING:
    from integration.logrocket.settings import LogRocketSettings

Label = tuple[str, str | None]
"""A brand or a form as the desk knows it: its id, and its name as far as that is known."""

_FORM: Final = "must be brand:<id or name>=org/app:<key> or form:<id or name>=org/app:<key>, separated by commas"
_ORG_AND_APP: Final = r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+"
_BEHIND_KIND: Final = re.compile(rf"(.*?)\s*=\s*({_ORG_AND_APP})\s*:\s*(.*)", re.DOTALL)
_NEXT_RULE: Final = re.compile(r"\s(brand|form)\s*:", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project, and the key that LogRocket gave us for it."""

    org: str
    app: str
    api_key: str = field(repr=False)

    @property
    def name(self) -> str:
        """The project, as LogRocket writes it."""
        return f"{self.org}/{self.app}"

    @property
    def api_path(self) -> str:
        """Where the API has what is about the project's highlights."""
        return f"/v1/orgs/{self.org}/apps/{self.app}/highlights"


class Kind(enum.StrEnum):
    """What a rule looks at."""

    BRAND = "brand"
    FORM = "form"


@dataclass(frozen=True, kw_only=True)
class ProjectRule:
    """The cases of a brand, or of a form, belong to this project; `label` is its id or its name."""

    kind: Kind
    label: str
    project: Project

    def __str__(self) -> str:
        """The rule as the admin wrote it, without its project and key."""
        return f"{self.kind}:{self.label}"

    def names(self, label: Label | None) -> bool:
        """Whether it names this brand or form: by its id, or by its name however that is capitalised."""
        if label is None:
            return False
        id_, name = label
        return self.label == id_ or (name is not None and self.label.casefold() == name.strip().casefold())


def choose(settings: LogRocketSettings, *, brand: Label | None, form: Label | None) -> Project:
    """The project of a case: that of the first rule which names its brand or form, or else the default one."""
    labels = {Kind.BRAND: brand, Kind.FORM: form}
    named = (rule.project for rule in settings.project_rules if rule.names(labels[rule.kind]))
    return next(named, settings.default)


# -- Read from variables


def org_and_app(raw: str) -> tuple[str, str]:
    """The two parts of a project's name."""
    if not re.fullmatch(_ORG_AND_APP, raw) or {".", ".."} & set(raw.split("/")):
        raise ValueError("must be org/app, as LogRocket shows it under Settings > Project Settings")
    org, app = raw.split("/")
    return org, app


def api_key(raw: str, *, org: str, app: str, named_by: str) -> str:
    """A key that can be the one of this project, which `named_by` names; most keys begin with their project."""
    key = variables.secret(raw)
    parts = key.split(":")
    if parts[0] == "pat" and org != "pat":
        raise ValueError("is a personal access token: the project's API key is needed")
    if len(parts) >= 3 and org and parts[:2] != [org, app]:  # noqa: PLR2004 -- org:app:secret
        raise ValueError(f"belongs to another project than {named_by} names")
    return key


def rules_beside(default: Project) -> Callable[[str], tuple[ProjectRule, ...]]:
    """A converter to the rules of `LOGROCKET_PROJECTS`, which must not contradict each other or the default project."""

    def convert(raw: str) -> tuple[ProjectRule, ...]:
        rules = variables.list_of(raw, _rule, _FORM, shortest=sys.maxsize)  # a name may have blanks in it
        _refuse_contradictions(rules, default)
        return rules

    return convert


def _rule(raw: str) -> ProjectRule:
    kind, _, rest = (part.strip() for part in raw.partition(":"))
    if kind.lower() not in list(Kind):
        raise ValueError("begins with neither brand: nor form: (what has a comma in its name is named by its id)")
    parts = _BEHIND_KIND.fullmatch(rest)
    if parts is None:
        raise ValueError("has no =org/app:<key> behind its id or name")
    label, project, key = parts.groups()
    if _NEXT_RULE.search(key):
        raise ValueError("has blanks in it, where a comma should stand")
    return ProjectRule(kind=Kind(kind.lower()), label=_label(label), project=_project(project, key))


def _label(raw: str) -> str:
    if not raw:
        raise ValueError("names no brand or form")
    try:
        return variables.as_it_was_meant(variables.text(raw))
    except ValueError as problem:
        raise ValueError(f"has an id or name that {problem}") from None


def _project(raw: str, key: str) -> Project:
    try:
        org, app = org_and_app(raw)
    except ValueError as problem:
        raise ValueError(f"has a project that {problem}") from None
    try:
        return Project(org=org, app=app, api_key=api_key(key, org=org, app=app, named_by="the rule"))
    except ValueError as problem:
        raise ValueError(f"has a key that {problem}") from None


def _refuse_contradictions(rules: Sequence[ProjectRule], default: Project) -> None:
    if len({(rule.kind, rule.label.casefold()) for rule in rules}) < len(rules):
        raise ValueError("names a brand or a form twice: one rule is enough, and two would contradict each other")
    spelt = {default.name.lower(): default} if default.org and default.api_key else {}
    for project in (rule.project for rule in rules):
        first = spelt.setdefault(project.name.lower(), project)
        if project == first:
            continue
        what = "in two spellings" if project.name != first.name else "with two keys"
        where = ": LOGROCKET_APP_ID and LOGROCKET_API_KEY name it, too" if first is default else ""
        raise ValueError(f"names a project {what}{where}")

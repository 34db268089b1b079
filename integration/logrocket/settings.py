"""What an admin sets about LogRocket: which projects, their keys, its addresses, and how often it may be asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from integration import variables
from integration.logrocket.projects import Project, ProjectRule, api_key, org_and_app, rules_beside
from integration.variables import Reader

SERVICE: Final = "LogRocket"
NAMES: Final = (
    *("LOGROCKET_APP_ID", "LOGROCKET_API_KEY", "LOGROCKET_PROJECTS", "LOGROCKET_API_URL", "LOGROCKET_APP_URL"),
    "LOGROCKET_REQUESTS_PER_HOUR",
)


@dataclass(frozen=True, kw_only=True)
class LogRocketSettings:
    """The default project, the rules that lead to others, and what all have in common; no trailing slash in URLs."""

    org: str
    app: str
    api_key: str = field(repr=False)
    api_url: str
    app_url: str
    requests_per_hour: int
    project_rules: tuple[ProjectRule, ...] = ()

    @property
    def project(self) -> str:
        """The default project, as LogRocket writes it."""
        return self.default.name

    @property
    def default(self) -> Project:
        """The project of every case that no rule leads elsewhere."""
        return Project(org=self.org, app=self.app, api_key=self.api_key)

    @property
    def projects(self) -> tuple[Project, ...]:
        """Every project, each once, the default one first."""
        return tuple(dict.fromkeys((self.default, *(rule.project for rule in self.project_rules))))

    @property
    def named_kinds(self) -> frozenset[str]:
        """Of what a rule gives a name rather than an id: `brand`, `form`."""
        return frozenset(str(rule.kind) for rule in self.project_rules if not rule.label.isdecimal())

    def service_of(self, project: Project) -> str:
        """What lanes, metrics and texts call LogRocket where they mean this project."""
        return SERVICE if project.name == self.project else f"{SERVICE} {project.name}"

    @property
    def account(self) -> str:
        """Which project it is, in words that are no secret."""
        return f"LogRocket {self.project}"

    def facts(self) -> dict[str, object]:
        """What a process says of it at its start, in the log."""
        return {"logrocket": self.project}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be printed."""
        return tuple(project.api_key for project in self.projects)


def read(reader: Reader) -> LogRocketSettings:
    """All of it."""
    org, app = reader.read("LOGROCKET_APP_ID", org_and_app, default=("", ""), needed=True)
    convert = partial(api_key, org=org, app=app, named_by="LOGROCKET_APP_ID")
    default = Project(org=org, app=app, api_key=reader.read("LOGROCKET_API_KEY", convert, default="", needed=True))
    return LogRocketSettings(
        org=org,
        app=app,
        api_key=default.api_key,
        project_rules=reader.read("LOGROCKET_PROJECTS", rules_beside(default), default=()),
        api_url=reader.read("LOGROCKET_API_URL", variables.web_url, default="https://api.logrocket.com"),
        app_url=reader.read("LOGROCKET_APP_URL", variables.web_url, default="https://app.logrocket.com"),
        requests_per_hour=reader.read("LOGROCKET_REQUESTS_PER_HOUR", _per_hour, default=1000),
    )


def _per_hour(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", raw) or int(raw) == 0:
        raise ValueError("must be a whole number, 1 or more")
    return int(raw)

"""The contract's variables, each secret with a value of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integration.errors import SettingsError
from integration.logrocket.settings import LogRocketSettings
from integration.settings import Settings, from_environment
from integration.zendesk.settings import ZendeskSettings

ENVIRON = {
    "REDIS_URL": "rediss://:redis-hush-1@redis.example:6380/0",
    "PUBLIC_URL": "https://highlights.acme.example",
    "SECRET_KEY": "key-hush-2-" + "k" * 32,
    "SECRET_KEY_FALLBACKS": "old-hush-3-" + "k" * 32,
    "ZENDESK_SUBDOMAIN": "acme",
    "ZENDESK_CLIENT_ID": "highlights",
    "ZENDESK_CLIENT_SECRET": "oauth-hush-4",
    "ZENDESK_WEBHOOK_SECRET": "webhook-hush-5",
    "LOGROCKET_APP_ID": "acme/shop",
    "LOGROCKET_API_KEY": "acme:shop:logrocket-hush-6",
    "ADMIN_PASSWORD": "admin-hush-7",
}
LEGACY = {"ZENDESK_EMAIL": "bot@acme.example", "ZENDESK_API_TOKEN": "token-hush-8"}
SURVEYS_AND_SLACK = {
    "SLACK_BOT_TOKEN": "xoxb-slack-hush-9",
    "SLACK_CHANNEL": "C0123456789",
    "SURVEY_TOKEN": "survey-hush-10",
    "FORMBRICKS_WEBHOOK_SECRET": "whsec_" + "Zm9ybWJyaWNrcy1odXNoLTEx",
    "FORMBRICKS_SCORE": "nps-score:1-5",
    "FORMBRICKS_COMMENT": "nps-comment",
    "TYPEFORM_WEBHOOK_SECRET": "typeform-hush-12",
    "TYPEFORM_SCORE": "score-ref",
    "TYPEFORM_COMMENT": "comment-ref",
}
"""What sets up surveys, whose notes go to Slack: each alone would lack something."""
INTERCOM = {"INTERCOM_ACCESS_TOKEN": "dG9rOmludGVyY29tLWh1c2gtMTM=", "INTERCOM_CLIENT_SECRET": "client-hush-14"}
"""What sets up Intercom."""
ASKED = {
    "ASK_TOKENS": "crm:ask-hush-13-0123456789",
    "ASK_CALLBACK_SECRET": "whsec_" + "YXNrLWh1c2gtMTQtb2YtMjQtYnl0ZXMh",
    "ASK_CALLBACK_HOSTS": "hooks.example,10.1.2.3:8443",
}
"""What sets up requests over HTTP, with callbacks."""
AT_ONCE = {"DELAY_SECONDS": "0"}
"""What tests add that wait for a note: by default LogRocket is asked half a minute after a ticket came."""
NEEDED = (
    "REDIS_URL",
    "PUBLIC_URL",
    "SECRET_KEY",
    "ZENDESK_SUBDOMAIN",
    "ZENDESK_CLIENT_ID",
    "ZENDESK_CLIENT_SECRET",
    "LOGROCKET_APP_ID",
    "LOGROCKET_API_KEY",
)
ALL = (
    *ENVIRON,
    *LEGACY,
    *("KEY_PREFIX", "KEEP_ALIVE_SECONDS"),
    *("LANGUAGE", "TIMEZONE", "NOTE_TEMPLATE"),
    *("REDIS_TLS_VERIFY", "HEROKU_APP_DEFAULT_DOMAIN_NAME", "LOGROCKET_APP_URL", "LOGROCKET_API_URL", "ZENDESK_URL"),
    *(
        "LOGROCKET_PROJECTS",
        "IDENTIFY_BY",
        "SKIP_DOMAINS",
        "TAG_POSTED",
        "WEB_CONCURRENCY",
        "WORKER_CONCURRENCY",
        "POLL_AFTER_SECONDS",
        "FAILED_RETRY_SECONDS",
        "SETTLE_SECONDS",
    ),
    *ASKED,
    "ASK_KEEP_HOURS",
    *SURVEYS_AND_SLACK,
    *INTERCOM,
    *("INTERCOM_REGION", "INTERCOM_ADMIN_ID", "INTERCOM_URL"),
    *("SLACK_API_URL", "SURVEY_MAX_SCORE", "SURVEY_SETTLE_SECONDS"),
    *("QUESTION", "LOOKBACK_HOURS", "LOOKAHEAD_MINUTES", "DELAY_SECONDS"),
    *("WHEN_EMPTY", "WHEN_FAILED", "REUSE_MINUTES"),
    *("BACKOFF_SECONDS", "RETENTION_DAYS", "LOG_LEVEL", "LOG_FORMAT"),
)

PLATFORMS_OWN = {"PORT", "HEROKU_APP_DEFAULT_DOMAIN_NAME"}
"""What a platform tells a process by itself."""


class Asked(dict[str, str]):
    """No variables; remembers which ones it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, key: str, default: object = None) -> Any:  # noqa: ANN401 -- as dict's own
        self.names.add(key)
        return default

    def __contains__(self, key: object) -> bool:
        self.names.add(str(key))
        return False


def variables() -> set[str]:
    """Every variable that an admin may set: what the settings ask for, but for the platform's own."""
    asked = Asked()
    with pytest.raises(SettingsError):
        from_environment(asked)
    return asked.names - PLATFORMS_OWN


def needed() -> set[str]:
    """The variables without which the settings of an OAuth client are refused."""
    names = set()
    for name in ENVIRON:
        try:
            from_environment({**ENVIRON, name: ""})
        except SettingsError:
            names.add(name)
    return names


def with_zendesk(settings: Settings, **changes: Any) -> Settings:  # noqa: ANN401 -- of any of its fields
    """The settings with some of Zendesk's changed."""
    return settings.having(replace(settings.of(ZendeskSettings), **changes))


def with_logrocket(settings: Settings, **changes: Any) -> Settings:  # noqa: ANN401 -- of any of its fields
    """The settings with some of LogRocket's changed."""
    return settings.having(replace(settings.of(LogRocketSettings), **changes))


VARIABLES = variables()

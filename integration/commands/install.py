"""`install`: makes the webhook and the triggers in Zendesk, or repairs them, and tells what is left to do.

The signing secret is shown only to whoever has to set it.
"""

from __future__ import annotations

import argparse
import functools
import hmac
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from integration.commands import in_the_same_form
from integration.errors import RemoteError, Temporary
from integration.safe_text import printable
from integration.settings import environment, is_wanted, public_url, reading
from integration.zendesk import settings as zendesk_settings
from integration.zendesk import trouble
from integration.zendesk.settings import ZendeskSettings
from integration.zendesk.setup.account import Admin, Refused
from integration.zendesk.setup.carrying_out import carry_out
from integration.zendesk.setup.conditions import FIELDS, CannotFilterError, Choices, Filters, resolve
from integration.zendesk.setup.macros import MacroAdmin, plan_macro, plan_no_macro
from integration.zendesk.setup.objects import Account
from integration.zendesk.setup.plan import Plan, Ratings, Step, plan_install
from integration.zendesk.setup.rating_conditions import require_ratings
from integration.zendesk.setup.step_words import in_words
from integration.zendesk.webhook import ENDPOINT

HELP = "make or repair the webhook and the triggers in Zendesk"

_SCOPES: Final = "read, webhooks:write and triggers:write"
MACRO_SCOPES: Final = "read and macros:write"
_FILTERS = """\
Which new tickets get a note: by default all but those that are tagged no_highlights. Options of different kinds narrow
(all of them have to hold), several values of one kind widen (one of them has to hold). Only one of --brand, --form,
--group and --channel can have several values, for a Zendesk trigger has one list of alternatives. A value is an id, or
a name as Zendesk shows it. Filters replace all that were set before; without any, those stay."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    parser.add_argument("--yes", action="store_true", help="change what was not made by this command, without asking")
    parser.add_argument(
        "--on-demand",
        action=argparse.BooleanOptionalAction,
        help=f"whether a second trigger asks for highlights when the tag {zendesk_settings.ON_DEMAND} is added to a "
        "ticket; by default it does, or as it was chosen before",
    )
    parser.add_argument("--macro", action="store_true", help="make a macro, too, which adds that tag")
    parser.add_argument(
        "--ratings",
        action=argparse.BooleanOptionalAction,
        help="whether a trigger tells of tickets that customers rate as bad, for a message in Slack; by default as it "
        "was before",
    )
    filters = parser.add_argument_group("filters", _FILTERS)
    for kind in FIELDS:
        filters.add_argument(f"--{kind}", action="append", default=[], metavar="ID|NAME", help=f"tickets of a {kind}")
    filters.add_argument("--tag", action="append", default=[], type=_tag, help="tickets with one of these tags")
    filters.add_argument(
        "--without-tag", action="append", default=[], type=_tag, metavar="TAG", help="no tickets with one of these tags"
    )
    filters.add_argument("--no-filters", action="store_true", help="remove the filters that were set before")


def run(options: argparse.Namespace) -> int:
    """Install, step by step; the last lines say what to set, if anything, and what to run."""
    if options.macro and options.on_demand is False:
        print(
            "--macro and --no-on-demand exclude each other: the macro adds a tag that nothing would see.",
            file=sys.stderr,
        )
        return 2
    if not zendesk_is_wanted():
        return 0
    settings, endpoint = read_settings()
    try:
        return _install(options, settings, endpoint)
    except CannotFilterError as error:
        print(f"{error}.", file=sys.stderr)
        return 2
    except RemoteError as error:
        if options.ratings and isinstance(error, Refused):
            print("Without --ratings the command goes on with the rest.", file=sys.stderr)
        return tell_trouble(error, settings)


def zendesk_is_wanted() -> bool:
    """Whether Zendesk is set up, or nothing else is; when it is not, that is told."""
    wanted = is_wanted("zendesk", environment())
    if not wanted:
        print(
            "There is nothing to do: this command works in Zendesk, which is not set up here. What is set up instead "
            "has to be told our address by hand: see docs/intercom.md, docs/surveys-and-slack.md and docs/ask.md."
        )
    return wanted


def read_settings(environ: Mapping[str, str] | None = None) -> tuple[ZendeskSettings, str]:
    """Which account, and the webhook's endpoint: all that is needed before anything is deployed. Warnings are told."""
    with reading(environ) as reader:
        settings, endpoint = zendesk_settings.read_for_installing(reader), public_url(reader) + ENDPOINT
    for warning in reader.warnings:
        print(warning, file=sys.stderr)
    return settings, endpoint


def _install(options: argparse.Namespace, settings: ZendeskSettings, endpoint: str) -> int:
    admin = Admin(settings, wait=wait)
    choices = admin.choices() if options.ratings or any(getattr(options, kind) for kind in FIELDS) else {}
    if options.ratings:
        require_ratings(choices)
    plan_for = functools.partial(
        plan_install,
        endpoint=endpoint,
        filters=_filters(options, choices),
        on_demand=options.on_demand,
        ratings=Ratings(wanted=options.ratings, choices=choices),
    )
    run = _Run(options, plan_for, choices=choices, what="The webhook and the triggers are")
    print(f"Zendesk account {settings.subdomain}, deliveries to {endpoint}", flush=True)
    if options.ratings:
        _tell_of_slack()
    if options.dry_run:
        run.show(run.plan(admin.look()))
        _macro(options, settings, endpoint)
        print("Nothing was changed (--dry-run).")
        return 0
    plan = carry_out(admin, run.plan, agree=run.agree, tell=run.tell, wait=wait)
    if plan is None or plan.webhook is None:
        return 1
    run.show(plan)
    _macro(options, settings, endpoint)
    _tell_secret(admin.signing_secret(plan.webhook.id), settings.webhook_secrets)
    print(f"\nNow run `{in_the_same_form('check')}`.")
    return 0


def _macro(options: argparse.Namespace, settings: ZendeskSettings, endpoint: str) -> None:
    """Make the macro, or take it away where it would add a tag that nothing sees; what hinders that is a remark."""
    if not options.macro and options.on_demand is not False:
        return
    admin = MacroAdmin(settings, wait=wait)
    plan_for = functools.partial(plan_macro if options.macro else plan_no_macro, endpoint=endpoint)
    run = _Run(options, plan_for, choices={}, what="The macro is" if options.macro else "")
    try:
        if options.dry_run:
            run.show(run.plan(admin.look()))
            return
        plan = carry_out(admin, run.plan, agree=run.agree, tell=run.tell, wait=wait)
        if plan is not None:
            run.show(plan)
    except RemoteError as error:
        told = trouble.in_words(error, settings, scopes=MACRO_SCOPES)
        print(f"Note: the macro is left as it is. {told}")


class _Run:
    """One run: what is wanted, and what was said about it; `what` is what should be as it is, "" when it is nothing."""

    def __init__(
        self, options: argparse.Namespace, plan: Callable[[Account], Plan], *, choices: Choices, what: str
    ) -> None:
        self.plan = plan
        self._yes = options.yes
        self._choices = choices
        self._what = what
        self._shown: set[str] = set()
        self._agreed: set[tuple[str, str, str]] = set()

    def show(self, plan: Plan) -> None:
        """Tell what is to be done, and what an admin should know, each once."""
        lines = [f"  {line}" for step in plan.steps for line in in_words(step, self._choices)]
        if lines:
            print("\n".join(["To do:", *lines]))
        elif not self._shown and self._what:
            print(f"{self._what} as {'it' if self._what.endswith('is') else 'they'} should be.")
        for remark in plan.remarks:
            if remark not in self._shown:
                print(f"Note: {remark}")
        self._shown |= {"to do", *plan.remarks}

    def agree(self, plan: Plan) -> bool:
        """Whether to go on: what is not ours alone is changed with consent only."""
        if not self._shown:
            self.show(plan)
        foreign = [step for step in plan.steps if step.needs_consent and step.key not in self._agreed]
        if not foreign:
            return True
        if not self._yes and not _consents(foreign):
            return False
        self._agreed |= {step.key for step in foreign}
        return True

    def tell(self, step: Step) -> None:
        """Tell what was done."""
        print(f"done: {in_words(step, self._choices)[0]}", flush=True)


def _consents(foreign: list[Step]) -> bool:
    questions = []
    for doing, steps in (
        ("Take over", [step for step in foreign if step.takes_over]),
        ("Take out of it what is ours", [step for step in foreign if step.lets_go]),
    ):
        if steps:
            names = " and ".join(f'the {step.kind} "{step.name}" ({step.id})' for step in steps)
            questions.append(f"This command did not make {names}, or not all of it. {doing}?")
    question = printable(" ".join(questions))
    return consents(question, unasked="say --yes, or delete them first. No further change.")


def consents(question: str, *, unasked: str) -> bool:
    """Whether somebody at the terminal says yes; `unasked` is what to do when there is no terminal."""
    if not sys.stdin.isatty():
        print(f"{question} There is nobody to ask: {unasked}", file=sys.stderr)
        return False
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        print("No further change.", file=sys.stderr)
        return False
    return True


def _filters(options: argparse.Namespace, choices: Choices) -> Filters | None:
    """The wanted filters; None when nothing was said about them."""
    named = {field: [resolve(kind, name, choices) for name in getattr(options, kind)] for kind, field in FIELDS.items()}
    any_filter = any(named.values()) or options.tag or options.without_tag
    if any_filter and options.no_filters:
        raise CannotFilterError("--no-filters and filters exclude each other")
    if not any_filter and not options.no_filters:
        return None
    return Filters(named=named, tags=options.tag, without_tags=options.without_tag)


def _tell_of_slack() -> None:
    """Say what the messages about ratings need, when it is not set here."""
    missing = [name for name in ("SLACK_BOT_TOKEN", "SLACK_CHANNEL") if not environment().get(name, "").strip()]
    if missing:
        print(
            f"Note: messages about ratings go to Slack. Not set here: {', '.join(missing)}. Nobody is told of a rating "
            "until both are set where web and worker run: see docs/surveys-and-slack.md."
        )


def _tell_secret(secret: str, present: Sequence[str]) -> None:
    """Say what is to be set; nothing when what is set here has the secret already."""
    if any(hmac.compare_digest(secret.encode(), candidate.encode()) for candidate in present):
        print("\nZENDESK_WEBHOOK_SECRET, as it is set here, has the webhook's signing secret: there is nothing to set.")
        return
    if present:
        print("\nZENDESK_WEBHOOK_SECRET, as it is set here, is not the webhook's signing secret.")
    setting = f"ZENDESK_WEBHOOK_SECRET={secret}"
    print(
        f"\nSet this where web and worker run:\n\n{setting}\n\n"
        f"On Heroku, which then starts both anew by itself:\n\nheroku config:set {shlex.quote(setting)}"
    )


def tell_trouble(error: RemoteError, settings: ZendeskSettings) -> int:
    """Say what Zendesk's trouble is, and what to do; the exit code."""
    print(trouble.in_words(error, settings, scopes=_SCOPES), file=sys.stderr)
    if isinstance(error, Temporary):
        print("Run the same command again later: it goes on where this one stopped.", file=sys.stderr)
    return 1


def _tag(raw: str) -> str:
    try:
        return zendesk_settings.tag(raw)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{problem}") from None


def wait(seconds: float) -> None:
    """Let time pass, and say so when it is long."""
    if seconds > 2:  # noqa: PLR2004 -- what nobody notices
        print(f"Zendesk asks to wait {seconds:.0f} s ...", file=sys.stderr, flush=True)
    time.sleep(seconds)

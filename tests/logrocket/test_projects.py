"""Which project a case belongs to, and what `check` says of each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.facts import Person
from integration.findings import Outcome, Result
from integration.logrocket import checks
from integration.logrocket.links import ProjectLinks
from integration.logrocket.projects import Label, choose
from integration.logrocket.settings import LogRocketSettings
from integration.settings import from_environment
from tests.logrocket.recording import Recording, Reply, recording
from tests.variables import ENVIRON

PRO, EU = "acme/pro:acme:pro:hush-hush", "acme/eu:acme:eu:hush-hush"


def with_rules(rules: str, **others: str) -> LogRocketSettings:
    return from_environment({**ENVIRON, "LOGROCKET_PROJECTS": rules, **others}).of(LogRocketSettings)


def chosen(rules: str, *, brand: Label | None = None, form: Label | None = None) -> str:
    return choose(with_rules(rules), brand=brand, form=form).name


# -- It works


def test_without_rules_every_case_belongs_to_the_default_project() -> None:
    assert chosen("", brand=("1", "Acme"), form=("2", "Bug")) == "acme/shop"
    assert chosen("") == "acme/shop"


@pytest.mark.parametrize(
    ("rule", "brand", "form", "project"),
    [
        ("brand:Acme Pro", ("1", "Acme Pro"), None, "acme/pro"),
        ("brand:acme PRO", ("1", "Acme pro"), None, "acme/pro"),
        ("brand:STRASSE", ("1", "Stra\u00dfe"), None, "acme/pro"),
        ("brand:1", ("1", "Acme Pro"), None, "acme/pro"),
        ("brand:1", ("1", None), None, "acme/pro"),
        ("brand:360", ("1", "360"), None, "acme/pro"),  # the name of a brand may be a number
        ("form:7", None, ("7", "Bug"), "acme/pro"),
        ("FORM : bug ", ("7", "Acme"), ("9", "Bug"), "acme/pro"),
        ("brand:Q&A: a=b / c", ("1", "q&a: A=B / C"), None, "acme/pro"),
        ("brand:Acme", ("1", "Acme Pro"), None, "acme/shop"),
        ("brand:01", ("1", "Acme Pro"), None, "acme/shop"),
        ("brand:Acme", ("1", None), None, "acme/shop"),
        ("brand:7", ("1", "Acme"), ("7", "Bug"), "acme/shop"),  # that is a form's
        ("form:1", ("1", "Acme"), ("7", "Bug"), "acme/shop"),
        ("form:7", ("7", "Acme"), None, "acme/shop"),
    ],
)
def test_a_rule_names_a_brand_or_a_form_by_its_id_or_by_its_name(
    rule: str, brand: Label | None, form: Label | None, project: str
) -> None:
    assert chosen(f"{rule}={PRO}", brand=brand, form=form) == project


@pytest.mark.parametrize(
    ("first", "second"), [("brand:Acme", "form:7"), ("form:7", "brand:Acme"), ("brand:1", "form:7")]
)
def test_the_first_rule_that_names_a_case_counts(first: str, second: str) -> None:
    assert chosen(f"{first}={PRO},{second}={EU}", brand=("1", "Acme"), form=("7", "Bug")) == "acme/pro"
    assert chosen(f"form:other={EU},{first}={PRO},{second}={EU}", brand=("1", "Acme"), form=("7", "Bug")) == "acme/pro"


def test_blanks_around_the_parts_of_a_rule_are_no_part_of_them() -> None:
    (rule,) = with_rules(" Brand : Acme  Pro = acme/pro : acme:pro:hush-hush ").project_rules
    assert (str(rule), rule.project.name, rule.project.api_key) == ("brand:Acme  Pro", "acme/pro", "acme:pro:hush-hush")


def test_several_rules_may_lead_to_one_project_the_default_one_too() -> None:
    own = f"{ENVIRON['LOGROCKET_APP_ID']}:{ENVIRON['LOGROCKET_API_KEY']}"
    settings = with_rules(f"brand:A={PRO},brand:B={own},form:A={PRO},form:7={EU}")
    assert [project.name for project in settings.projects] == ["acme/shop", "acme/pro", "acme/eu"]
    assert [(rule.kind, rule.label) for rule in settings.project_rules] == [
        ("brand", "A"),
        ("brand", "B"),
        ("form", "A"),
        ("form", "7"),
    ]
    assert choose(settings, brand=("1", "B"), form=("7", None)) == settings.default


@given(
    label=st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=",\"'`<>$={}"), min_size=1).filter(
        lambda label: (
            label[0] + label[-1] not in {"\u201c\u201d", "\u201e\u201c", "\u2018\u2019", "\u00ab\u00bb"}
            and label[0] + label[-1] not in {"\u201d\u201d", "\u2019\u2019"}
        )
    )
)
def test_every_name_without_a_comma_can_be_written_as_it_is(label: str) -> None:
    assert chosen(f"brand:{label}={PRO}", brand=("1", label)) == "acme/pro"


def test_links_lead_to_the_project_that_was_asked() -> None:
    settings = with_rules(f"brand:A={PRO}")
    ada = Person(external_id="7")
    default, pro = (ProjectLinks.of(settings, project) for project in settings.projects)
    assert default == ProjectLinks.of(settings)
    assert default.sessions(ada) == "https://app.logrocket.com/acme/shop/sessions?u=7"
    assert pro.sessions(ada) == "https://app.logrocket.com/acme/pro/sessions?u=7"


# -- What `check` says of them


def checked(settings: LogRocketSettings) -> list[Result]:
    return [result for project in settings.projects for result in checks.of_project(settings, project)]


TAKEN = Reply(status=400, body='{"error": "userEmail or userID is required"}')


def prepared(service: Recording) -> LogRocketSettings:
    service.reply = TAKEN
    rules = f"brand:Acme Pro={PRO},form:360001={PRO},brand:9={EU}"
    return with_rules(rules, LOGROCKET_API_URL=service.url)


def test_the_key_of_each_project_is_proven_for_the_rules_that_name_it() -> None:
    with recording() as service:
        results = checked(prepared(service))
    assert [(result.name, result.outcome) for result in results] == [
        ("LogRocket key", Outcome.OK),
        ("LogRocket acme/pro key", Outcome.OK),
        ("LogRocket acme/eu key", Outcome.OK),
    ]
    assert [result.found for result in results] == [
        "LogRocket accepts it for the project acme/shop (400)",
        "LogRocket accepts it for the project acme/pro (400), for brand:Acme Pro, form:360001",
        "LogRocket accepts it for the project acme/eu (400), for brand:9",
    ]
    assert {request.path.split("/")[5]: request.authorization for request in service.asked} == {
        "shop": f"token {ENVIRON['LOGROCKET_API_KEY']}",
        "pro": "token acme:pro:hush-hush",
        "eu": "token acme:eu:hush-hush",
    }
    assert {request.body is None or request.body == {} for request in service.asked} == {True}  # nobody is asked about


@pytest.mark.parametrize(
    ("reply", "words", "fix"),
    [
        (Reply(status=401, body="{}"), "refuses it (401), for brand:Acme Pro, form:360001", "personal access token"),
        (Reply(status=404, body="{}"), "no project acme/pro (404), for brand:Acme Pro", "LOGROCKET_PROJECTS"),
        (Reply(status=503, body="{}"), "503", "later"),
    ],
)
def test_a_project_whose_key_is_refused_fails_alone_and_its_rules_are_named(reply: Reply, words: str, fix: str) -> None:
    with recording() as service:
        settings = prepared(service)
        service.replies["acme/pro"] = reply
        results = checked(settings)
    assert [result.outcome for result in results] == [Outcome.OK, Outcome.FAILURE, Outcome.OK]
    assert words in results[1].found
    assert fix in str(results[1].fix)
    assert "hush" not in repr(results)


def test_offline_each_key_tells_of_its_project_what_it_can() -> None:
    results = list(checks.of_settings(with_rules(f"brand:A={PRO},brand:B=acme/eu:opaque-hush")))
    assert [(result.name, result.outcome) for result in results] == [
        ("LogRocket key", Outcome.OK),
        ("LogRocket acme/pro key", Outcome.OK),
        ("LogRocket acme/eu key", Outcome.OK),
    ]
    assert results[1].found == "names the project acme/pro, for brand:A"
    assert results[2].found.endswith("it does not show whether that is acme/eu, for brand:B")
    assert "hush" not in repr(results)

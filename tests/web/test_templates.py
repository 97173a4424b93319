"""What is made of templates when they are compiled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from jinja2 import DictLoader, nodes

from explorer import language
from explorer.web import templates
from explorer.web.preferences import Preferences, applied
from explorer.web.templates import Environment, compile_all
from tests.pages import Explorer

Made = Callable[..., str]

MACROS = """
{% macro picture(name) -%}<svg class="{{ name }}"/>{%- endmacro %}
{% macro fact(word) -%}<dt>{{ word }}</dt><dd>{{ caller() }}</dd>{%- endmacro %}
{% macro rows() -%}{{ caller(1) }}{{ caller(2) }}{%- endmacro %}
{% macro twice(word) -%}{{ caller() }}{{ word }}{{ caller() }}{%- endmacro %}
"""


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    templates.register(app)
    language.register(app, lambda: "en")
    app.jinja_env.globals["static_url"] = lambda name: f"/static/{name}?v=1&amp;"
    return app


@pytest.fixture
def compiled(app: Flask) -> Made:
    """The Python that a page becomes in a language."""

    def compiled(page: str, spoken: str = "en", **others: str) -> str:
        environment = of(app, spoken, page=page, **others)
        return str(environment.compile(page, "page.html", "page.html", raw=True))

    return compiled


@pytest.fixture
def filled(app: Flask) -> Callable[..., str]:
    def filled(page: str, *, spoken: str = "en", values: dict[str, object] | None = None, **others: str) -> str:
        environment = of(app, spoken, page=page, **others)
        with language.spoken(app, spoken):
            return environment.get_template("page.html").render(values or {})

    return filled


def of(app: Flask, spoken: str, **sources: str) -> Environment:
    environment = app.jinja_env
    assert isinstance(environment, Environment)
    environment.loader = DictLoader({f"{name}.html": source for name, source in sources.items()})
    return environment.speaking(spoken)


def test_texts_stand_in_the_code_of_their_language(compiled: Made) -> None:
    page = "<p>{{ _('Height') }}</p>"
    assert "'<p>Height</p>'" in compiled(page)
    chinese = compiled(page, "zh")
    assert "Height" not in chinese
    assert "'<p>高度</p>'" in chinese


def test_a_text_with_values_is_said_when_they_are_known(filled: Made) -> None:
    page = "{{ _('Block %(height)s', height=height) }}"
    assert filled(page, values={"height": "<7>"}) == "Block &lt;7&gt;"
    assert filled(page, spoken="zh", values={"height": 7}) == "区块 7"


def test_what_is_made_is_escaped_as_ever(filled: Made) -> None:
    """A translation may be HTML, an address may not."""
    assert filled("{{ _('<b>Stale</b>') }}<a href=\"{{ static_url('a') }}\">") == (
        '<b>Stale</b><a href="/static/a?v=1&amp;amp;">'
    )


def test_a_macro_with_constants_is_made_and_others_wait(compiled: Made, filled: Made) -> None:
    page = "{% from 'macros.html' import picture %}{{ picture('mark') }}{{ picture(name) }}"
    assert "'<svg class=\"mark\"/>'" in compiled(page, macros=MACROS)
    assert filled(page, values={"name": '">'}, macros=MACROS) == '<svg class="mark"/><svg class="&#34;&gt;"/>'


def test_a_macro_stands_around_what_is_in_its_block(compiled: Made, filled: Made) -> None:
    called = "{% call fact(_('Height')) %}{% set h = height + 1 %}{{ h }}{% endcall %}"
    page = "{% from 'macros.html' import fact %}" + called + "{{ h }}"
    assert "'<dt>Height</dt><dd>'" in compiled(page, macros=MACROS)
    assert filled(page, values={"height": 6}, macros=MACROS) == "<dt>Height</dt><dd>7</dd>"


def test_a_block_that_its_macro_prints_twice_is_left_to_it(filled: Made) -> None:
    page = "{% from 'macros.html' import twice %}{% call twice('-') %}{{ n }}{% endcall %}"
    assert filled(page, values={"n": 1}, macros=MACROS) == "1-1"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("{{ _('<b>x</b>') ~ '!' }}{{ '<' ~ '>' }}", "<b>x</b>!&lt;&gt;"),
        ("{% for _ in [name] %}{{ _('q') }}{% endfor %}", "[q]"),
        ("{% set static_url = name %}{{ static_url('q') }}", "[q]"),
        ("{% from 'macros.html' import picture %}{% macro picture(x) %}own{% endmacro %}{{ picture('q') }}", "own"),
        ("{% from 'macros.html' import rows %}{% call(row) rows() %}{{ row }};{% endcall %}", "1;2;"),
        ("{% include 'nothing.html' ignore missing %}.", "."),
    ],
)
def test_what_cannot_be_made_before_waits(filled: Made, page: str, expected: str) -> None:
    assert filled(page, values={"name": "[{}]".format}, macros=MACROS) == expected


def test_what_is_made_before_is_the_same_for_every_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all calls in our templates: whatever language is spoken, amounts and times are not among them."""
    make, calls = templates._Maker._made, 0

    def twice(maker: templates._Maker, call: nodes.Call, **values: object) -> object:
        nonlocal calls
        made = make(maker, call, **values)
        with applied(Preferences(maker._environment.language, "sat", "Asia/Shanghai")):
            assert make(maker, call, **values) == made
        calls += made is not None
        return made

    monkeypatch.setattr(templates._Maker, "_made", twice)
    for spoken in language.LANGUAGES:
        compile_all(Explorer("demo", greet=False).app, spoken)
    assert calls > 500


def test_what_is_included_sees_what_stands_around_it_and_keeps_its_own(filled: Made) -> None:
    page = "{% set word = 'out' %}{% for n in [1, 2] %}{% include 'part.html' %}{% endfor %}{{ word }}"
    part = "{% set word = word ~ n %}{{ word }} "
    assert filled(page, part=part) == "out1 out2 out"

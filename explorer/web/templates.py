"""Templates, compiled once for each language, with all that is the same on every page made then:

- calls of FIXED functions, and of macros of other templates, that are given nothing but constants: such macros depend
  on their arguments and the language alone;
- call blocks of such macros, which become what the macro prints around them;
- includes, which are written in.

So such a macro prints its caller as it is, and what is imported or included is read anew only after a restart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, cast

from flask import Flask, current_app
from flask.templating import Environment as FlaskEnvironment
from jinja2 import BaseLoader, Template, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.ext import Extension
from jinja2.runtime import markup_join
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from explorer.html import escaped
from explorer.language import DEFAULT, spoken

FIXED: Final = ("_", "pgettext", "url_for", "static_url")  # globals: the same arguments give the same
INDENTATION: Final = re.compile(r"^[ \t]+", re.MULTILINE)
INSIDE: Final = Markup("\0")  # stands for what is inside of a call block

Make = Callable[..., object]


class Unindented(Extension):
    """Indentation is for those who write templates: a twentieth of a page."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return INDENTATION.sub("", source)


class _Code(CodeGenerator):
    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None:
            self.write("environment.escaped(")
        else:
            super()._output_child_pre(node, frame, finalize)


class Environment(FlaskEnvironment):
    """Of one language. `speaking` gives those of the others, which share filters and globals with it."""

    language = DEFAULT
    code_generator_class = _Code
    escaped = staticmethod(escaped)

    def __init__(self, app: Flask, **options: Any) -> None:
        super().__init__(app, **options)
        self._others: dict[str, Environment] = {DEFAULT: self}

    def speaking(self, language: str) -> Environment:
        if (found := self._others.get(language)) is None:
            found = self.overlay()
            found.language = language
            self._others[language] = found
        return found

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:  # jinja2's hook for this
        with spoken(cast(Flask, self.app), self.language):
            return super()._generate(_Maker(self).visit(source), *args, **kwargs)


class _Maker(NodeTransformer):
    """Makes what can be made of a template before it is filled in."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._own: set[str] = set()  # names that the template gives to something itself
        self._functions = {name: cast(Make, environment.globals[name]) for name in FIXED}

    def visit_Template(self, node: nodes.Template) -> nodes.Node:
        self._own |= {macro.name for macro in node.find_all(nodes.Macro)}
        self._own |= {name.name for name in node.find_all(nodes.Name) if name.ctx != "load"}
        return self.generic_visit(node)

    def visit_FromImport(self, node: nodes.FromImport) -> nodes.Node:
        if not node.with_context and isinstance(node.template, nodes.Const):
            module = self._environment.get_template(node.template.value).module
            self._functions |= {name: getattr(module, name) for name in node.names if isinstance(name, str)}
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        made = self._made(node)
        return node if made is None else nodes.Const(made, lineno=node.lineno)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        """What is HTML stays so, which jinja2 forgets of constants."""
        self.generic_visit(node)
        parts = [part.value for part in node.nodes if isinstance(part, nodes.Const)]
        return nodes.Const(markup_join(parts), lineno=node.lineno) if len(parts) == len(node.nodes) else node

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:
        self.generic_visit(node.call)
        node.body = [self.visit(inside) for inside in node.body]
        if node.args:
            return node
        made = str(self._made(node.call, caller=lambda: INSIDE))
        if made.count(INSIDE) != 1:
            return node
        before, after = map(_text, made.split(INSIDE))
        return nodes.Scope([before, *node.body, after], lineno=node.lineno)

    def visit_Include(self, node: nodes.Include) -> nodes.Node:
        if not isinstance(node.template, nodes.Const) or not node.with_context or node.ignore_missing:
            return node
        name = node.template.value
        source, filename, _ = cast(BaseLoader, self._environment.loader).get_source(self._environment, name)
        included = self._environment._parse(source, name, filename)
        return nodes.Scope(self.visit(included).body, lineno=node.lineno)

    def _made(self, call: nodes.Call, **values: object) -> object | None:
        """What the call gives, None where it has to wait."""
        if not isinstance(call.node, nodes.Name) or call.node.name in self._own or call.dyn_args or call.dyn_kwargs:
            return None
        if (make := self._functions.get(call.node.name)) is None:
            return None
        given = [argument.value for argument in call.args if isinstance(argument, nodes.Const)]
        named = {pair.key: pair.value.value for pair in call.kwargs if isinstance(pair.value, nodes.Const)}
        if len(given) + len(named) < len(call.args) + len(call.kwargs):
            return None
        return make(*given, **named, **values)


def _text(html: str) -> nodes.Output:
    return nodes.Output([nodes.TemplateData(html)])


def template_of(name: str, language: str) -> Template:
    """Of the app that answers."""
    return cast(Environment, current_app.jinja_env).speaking(language).get_template(name)


def compile_all(app: Flask, language: str) -> None:
    """Otherwise each is compiled when it is first used."""
    environment = cast(Environment, app.jinja_env).speaking(language)
    for name in environment.list_templates():
        environment.get_template(name)


def register(app: Flask) -> None:
    """Before anything else touches the app's environment."""
    app.jinja_environment = Environment  # type: ignore[assignment]  # of a Flask, which is all the App there is
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "extensions": [Unindented]}

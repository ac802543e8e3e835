"""Templates are given what counts their work before Jinja makes code of them.

What is written into them calls the methods `spend`, `weighed`, `sliced`, `key` and `joined` of the
environment (`sandbox.py`), which no template can name.
"""

from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.visitor import NodeTransformer


class Counting(NodeTransformer):
    """Puts the count into a template, and refuses what turns escaping off."""

    def __init__(
        self, environment: Environment, turn: int, name: str | None, filename: str | None
    ) -> None:
        """Prepare for one template; `turn` is what a turn of a loop costs."""
        self._environment = environment
        self._turn = turn
        self._name = name
        self._filename = filename

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - the library's name
        """A loop; one with a condition goes through what it leaves out, too."""
        if node.test is not None:
            given: Any = node.iter
            node.iter = self._call("weighed", [given], node.lineno)
        return self._counted(node)

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802
        """A macro: it may call itself."""
        return self._counted(node)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:  # noqa: N802
        """What a macro calls."""
        return self._counted(node)

    def visit_Block(self, node: nodes.Block) -> nodes.Node:  # noqa: N802
        """A block that may be set again."""
        return self._counted(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        """The sign ~, which Jinja's sandbox does not ask about."""
        self.generic_visit(node)
        return self._call("joined", node.nodes, node.lineno)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        """== and its like, and `in`."""
        self.generic_visit(node)
        node.expr = self._call("weighed", [node.expr], node.lineno)
        for operand in node.ops:
            operand.expr = self._call("weighed", [operand.expr], node.lineno)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        """A part, or parts from here to there."""
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = self._call("sliced", [node.node], node.lineno)
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:  # noqa: N802
        """A key and its value."""
        self.generic_visit(node)
        node.key = self._call("key", [node.key], node.lineno)
        return node

    def visit_ScopedEvalContextModifier(self, node: nodes.Node) -> nodes.Node:  # noqa: N802
        """{% autoescape %}."""
        raise TemplateSyntaxError(
            "escaping cannot be turned off: titles of strangers are set here",
            node.lineno,
            self._name,
            self._filename,
        )

    def _counted(self, node: Any) -> nodes.Node:  # noqa: ANN401 - each has a body
        self.generic_visit(node)
        cost = self._turn
        for part in node.body:
            for one in part.find_all((nodes.TemplateData, nodes.Expr)):
                cost += len(one.data) if isinstance(one, nodes.TemplateData) else 1
        price: list[nodes.Expr] = [nodes.Const(cost, lineno=node.lineno)]
        spent = nodes.ExprStmt(self._call("spend", price, node.lineno), lineno=node.lineno)
        node.body.insert(0, spent)
        return node  # type: ignore[no-any-return]

    def _call(self, name: str, args: list[nodes.Expr], line: int) -> nodes.Call:
        target = nodes.EnvironmentAttribute(name, lineno=line)
        made = nodes.Call(target, args, [], None, None, lineno=line)
        made.set_environment(self._environment)
        return made

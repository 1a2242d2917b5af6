"""Docstrings below attributes, which Python itself does not keep.

Called by `spec/prop.py` for the help text of properties. Read from a module's source when
somebody asks: parsing it takes longer than importing it.
"""

import ast
import functools
import inspect
import sys
from collections.abc import Mapping


def of_attribute(model: type, name: str) -> str:
    """The docstring of an annotated attribute, as one line; empty without one.

    model -- a class of a module's top level; its bases are not asked
    """
    return _of_module(model.__module__).get((model.__qualname__, name), "")


@functools.cache
def _of_module(module: str) -> Mapping[tuple[str, str], str]:
    try:
        source = inspect.getsource(sys.modules[module])
    except OSError:
        return {}
    found = {}
    for declared in ast.parse(source).body:
        if not isinstance(declared, ast.ClassDef):
            continue
        for node, below in zip(declared.body, declared.body[1:], strict=False):
            match node, below:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    found[declared.name, name] = " ".join(text.split())
    return found

"""The trees of documents, with the line of each part; and what no document may be."""

from collections.abc import Callable
from typing import Any

import pytest

from porto.spec.sources.formats import json_nodes, toml_nodes, yaml_nodes
from porto.spec.sources.nodes import (
    DEPTH_MAX,
    NODES_MAX,
    FormatError,
    Mapping,
    Node,
    Scalar,
    Sequence,
    TreeBuilder,
    native,
)

U64 = (1 << 64) - 1
Reader = Callable[[str], list[Node]]


def tree(node: Node) -> Any:
    """(line, text, value), (line, [items]) or (line, {key: (its line, value)})."""
    if isinstance(node, Scalar):
        return node.line, node.text, node.value
    if isinstance(node, Sequence):
        return node.line, [tree(item) for item in node.items]
    return node.line, {entry.key: (entry.line, tree(entry.value)) for entry in node.entries}


@pytest.mark.parametrize(
    ("reader", "text", "trees"),
    [
        (
            json_nodes,
            '{"a": 1, "b": [true, null,\n "x\\"y", 1.50, -0, 12345678901234567890],\n"c": {}}',
            [
                (
                    1,
                    {
                        "a": (1, (1, "1", 1)),
                        "b": (
                            1,
                            (
                                1,
                                [
                                    (1, "true", True),
                                    (1, "", None),
                                    (2, 'x"y', 'x"y'),
                                    (2, "1.50", 1.5),
                                    (2, "-0", 0),
                                    (2, "12345678901234567890", "12345678901234567890"),
                                ],
                            ),
                        ),
                        "c": (3, (3, {})),
                    },
                )
            ],
        ),
        (json_nodes, '"x"', [(1, "x", "x")]),
        (json_nodes, "[]", [(1, [])]),
        (json_nodes, "7" * 5000, [(1, "7" * 5000, "7" * 5000)]),
        (json_nodes, '{"a":\n\n"b"}', [(1, {"a": (1, (3, "b", "b"))})]),
        (json_nodes, "[[-1],\n[2]]", [(1, [(1, [(1, "-1", -1)]), (2, [(2, "2", 2)])])]),
        (toml_nodes, "", []),
        (
            toml_nodes,
            'a = 1\n[b]\nc = "x"\nd = true\n\n[[e]]\nf = 1.5\n[[e]]\nf = [1,\n2]\n',
            [
                (
                    1,
                    {
                        "a": (1, (1, "1", 1)),
                        "b": (2, (2, {"c": (3, (3, "x", "x")), "d": (4, (4, "true", True))})),
                        "e": (
                            1,
                            (
                                1,
                                [
                                    (6, {"f": (7, (7, "1.5", 1.5))}),
                                    (8, {"f": (9, (9, [(9, "1", 1), (9, "2", 2)]))}),
                                ],
                            ),
                        ),
                    },
                )
            ],
        ),
        (
            toml_nodes,
            "\"x.y\".z = 2020-01-01\n'q' = [false]",
            [
                (
                    1,
                    {
                        "x.y": (1, (1, {"z": (1, (1, "2020-01-01", "2020-01-01"))})),
                        "q": (2, (2, [(2, "false", False)])),
                    },
                )
            ],
        ),
        (
            toml_nodes,
            "[a.b]\nc.d = 1\n[a.e]\n",
            [
                (
                    1,
                    {
                        "a": (
                            1,
                            (
                                1,
                                {
                                    "b": (1, (1, {"c": (2, (2, {"d": (2, (2, "1", 1))}))})),
                                    "e": (3, (3, {})),
                                },
                            ),
                        )
                    },
                )
            ],
        ),
        (
            toml_nodes,
            "[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 3\n",
            [
                (
                    1,
                    {
                        "a": (
                            1,
                            (
                                1,
                                [
                                    (1, {"b": (2, (2, {"c": (3, (3, "1", 1))}))}),
                                    (4, {"b": (5, (5, {"c": (6, (6, "3", 3))}))}),
                                ],
                            ),
                        )
                    },
                )
            ],
        ),
        (toml_nodes, f"a = {U64}", [(1, {"a": (1, (1, str(U64), U64))})]),
        (yaml_nodes, "", []),
        (yaml_nodes, "--- \n...\n", []),
        (
            yaml_nodes,
            'a: 1\nb: [x, "2", ~]\n---\n- true\n- 1.10\n',
            [
                (
                    1,
                    {
                        "a": (1, (1, "1", 1)),
                        "b": (2, (2, [(2, "x", "x"), (2, "2", "2"), (2, "", None)])),
                    },
                ),
                (4, [(4, "true", True), (5, "1.10", "1.10")]),
            ],
        ),
        (
            yaml_nodes,
            "[Null, NULL, null, True, False, false, yes, TRUE, 007, -1, 0o7, 1e3, 12:30]",
            [
                (
                    1,
                    [
                        *[(1, "", None)] * 3,
                        (1, "True", True),
                        (1, "False", False),
                        (1, "false", False),
                        (1, "yes", "yes"),
                        (1, "TRUE", "TRUE"),
                        (1, "007", "007"),
                        (1, "-1", -1),
                        (1, "0o7", "0o7"),
                        (1, "1e3", "1e3"),
                        (1, "12:30", "12:30"),
                    ],
                )
            ],
        ),
        (yaml_nodes, "null: 1\n~: ''", [(1, {"null": (1, (1, "1", 1)), "~": (2, (2, "", ""))})]),
        (yaml_nodes, "a: |\n  x\n  y\n", [(1, {"a": (1, (1, "x\ny\n", "x\ny\n"))})]),
        (yaml_nodes, "? a\n: 'true'", [(1, {"a": (1, (2, "true", "true"))})]),
        (yaml_nodes, 'a: !!int "1"', [(1, {"a": (1, (1, "1", "1"))})]),
    ],
)
def test_trees(reader: Reader, text: str, trees: list[Any]) -> None:
    assert [tree(node) for node in reader(text)] == trees


@pytest.mark.parametrize(
    ("reader", "text", "line", "reason"),
    [
        (json_nodes, "{", 1, "not JSON: Expecting property name enclosed in double quotes"),
        (json_nodes, '\n{"a" 1}', 2, "not JSON: Expecting ':' delimiter"),
        (json_nodes, '{"a": NaN}', 0, "not JSON: NaN is not a value"),
        (json_nodes, '\n"\\u0000"', 2, "it contains a zero byte"),
        (json_nodes, '\n"\\ud800"', 2, "it contains half of a surrogate pair"),
        (json_nodes, "[" * 10**5, 0, "not JSON: nested too deep"),
        (json_nodes, "[" * 41 + "]" * 41, 1, "nested deeper than 40 levels"),
        (toml_nodes, "a = ", 1, "not TOML: Invalid value"),
        (toml_nodes, "a = 1\na = 2", 2, "not TOML: Cannot overwrite a value"),
        (toml_nodes, "a = [\n", 2, "not TOML: Invalid value"),
        (toml_nodes, f"\na = {1 << 64}", 2, "not TOML: an integer of more than 64 bits"),
        (toml_nodes, '\nx = "\\u0000"', 2, "it contains a zero byte"),
        (toml_nodes, "\n" + "a." * 40 + "b = 1\n\n", 2, "a key of more than 40 parts"),
        (yaml_nodes, "\na: *x", 2, "aliases are not allowed (*x)"),
        (yaml_nodes, "\na: !x 1", 2, "tags are not allowed (!x)"),
        (yaml_nodes, "a: !!binary x", 1, "tags are not allowed (tag:yaml.org,2002:binary)"),
        (yaml_nodes, '\na: "\\0"', 2, "it contains a zero byte"),
        (yaml_nodes, "{[1]: 2}", 1, "a key must be a plain word"),
        (yaml_nodes, "\na: b: c", 2, "not YAML: mapping values are not allowed in this context"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_refusals(reader: Reader, text: str, line: int, reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        reader(text)
    assert (caught.value.line, caught.value.reason, str(caught.value)) == (line, reason, reason)


def test_the_plain_value_of_a_tree() -> None:
    (root,) = yaml_nodes("a: [1, '2', ~, true, 1.50]\nb: {c: 022}")
    assert native(root) == {"a": [1, "2", None, True, "1.50"], "b": {"c": "022"}}
    assert native(root, texts=True) == {"a": ["1", "2", None, "true", "1.50"], "b": {"c": "022"}}


def test_keys_of_a_mapping() -> None:
    (root,) = yaml_nodes("a: 1\nb: 2\na: 3\na: 4")
    assert isinstance(root, Mapping)
    found = root.find("a")
    assert found is not None
    assert (found.line, root.find("c")) == (1, None)
    assert [(entry.line, first.line) for entry, first in root.repeated()] == [(3, 1), (4, 1)]


def test_how_deep_and_how_large_a_tree_may_be() -> None:
    assert len(yaml_nodes("[" * DEPTH_MAX + "]" * DEPTH_MAX)) == 1
    builder = TreeBuilder()
    builder.begin(Sequence(1))
    for number in range(2, NODES_MAX + 1):
        builder.scalar("x", number, "x")
    with pytest.raises(FormatError) as caught:
        builder.scalar("x", 7, "x")
    assert (caught.value.line, caught.value.reason) == (7, "more than 50000 values")


def test_keys_count_too() -> None:
    builder = TreeBuilder()
    builder.begin(Mapping(1))
    for _ in range(NODES_MAX // 2 - 1):
        builder.scalar("k", 1, None)
        builder.scalar("v", 1, "v")
    builder.scalar("k", 1, None)
    with pytest.raises(FormatError, match="more than 50000 values"):
        builder.scalar("v", 1, "v")

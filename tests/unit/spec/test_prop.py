"""The property machinery and its registry."""

from collections.abc import Iterable
from typing import Annotated, Any

import pytest
from pydantic import ValidationError

from porto.spec.codecs import Bool, Int, Text
from porto.spec.containers.fields.process import ProcessFields
from porto.spec.containers.spec import (
    DEFAULT_SPEC,
    PROPERTIES,
    SPEC_PROPERTIES,
    find_property,
    resolve_property,
    set_values,
)
from porto.spec.errors import (
    InvalidLabel,
    InvalidProperty,
    InvalidState,
    InvalidValue,
    LabelNotFound,
    ResourceNotAvailable,
    Unknown,
)
from porto.spec.prop import (
    VALUE_MAX_BYTES,
    Facet,
    Prop,
    Property,
    Rejected,
    check_readable,
    check_settable,
    collect,
    split_index,
)

STATES = ("stopped", "starting", "running", "meta", "paused", "dead", "stopping", "respawning")


def every(properties: Iterable[Property]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("prop", list(properties), ids=lambda prop: prop.name)


@every(PROPERTIES.values())
class TestRegistry:
    def test_has_an_owner_a_docstring_and_an_example(self, prop: Property) -> None:
        assert prop.prop.owner
        assert prop.help.endswith(".") or "..." in prop.help
        assert prop.prop.example

    def test_example_round_trips(self, prop: Property) -> None:
        value = prop.parse("a", prop.prop.example)
        assert prop.codec.parse(prop.codec.format(value)) == value

    def test_codec_says_its_syntax_and_schema(self, prop: Property) -> None:
        assert type(prop.codec).__doc__
        assert prop.codec.native_schema()

    def test_no_state_flag_contradicts_another(self, prop: Property) -> None:
        meta = prop.prop
        assert not (meta.any_state and not meta.dynamic)
        assert not (meta.read_only and meta.dynamic)
        assert not (meta.read_only and meta.saved)
        assert bool(prop.facet) or not meta.saved


@every(SPEC_PROPERTIES)
def test_default_round_trips(prop: Property) -> None:
    assert prop.codec.restore(prop.codec.format(prop.default)) == prop.default


@every(SPEC_PROPERTIES)
def test_setting_marks_as_set_and_unsetting_restores_the_default(prop: Property) -> None:
    value = prop.parse("a", prop.prop.example)
    spec = DEFAULT_SPEC.with_value(prop, value)
    assert spec.is_set(prop)
    assert spec.value(prop) == value
    assert set_values(spec) == {prop.name: value}
    assert spec.without_value(prop) == DEFAULT_SPEC
    assert not spec.without_value(prop).is_set(prop)


def test_unchanged_facets_are_shared() -> None:
    spec = DEFAULT_SPEC.with_value(find_property("private"), "x")
    assert spec.process is DEFAULT_SPEC.process
    assert DEFAULT_SPEC.without_value(find_property("private")) is DEFAULT_SPEC


def test_a_property_declared_twice_is_a_mistake() -> None:
    class One(Facet):
        a: Annotated[str, Text(), Prop(owner="x")] = ""

    with pytest.raises(TypeError, match="declared twice"):
        collect({"one": One}, [One])


def test_a_property_without_codec_is_a_mistake() -> None:
    class One(Facet):
        a: Annotated[str, Prop(owner="x")] = ""

    with pytest.raises(TypeError, match="codec"):
        collect({"one": One}, [])


class TestPydantic:
    def test_models_take_text_and_native_values(self) -> None:
        fields = ProcessFields(env="A=1", isolate="false", umask=18)  # type: ignore[arg-type]
        assert fields.env == (("A", "1"),)
        assert fields.isolate is False
        assert fields.umask == 0o22

    def test_models_refuse_what_the_codec_refuses(self) -> None:
        with pytest.raises(ValidationError, match="not one of app, os"):
            ProcessFields(virt_mode="vm")
        with pytest.raises(ValidationError, match="extra"):
            ProcessFields(colour="red")

    def test_models_are_closed_to_change(self) -> None:
        with pytest.raises(ValidationError):
            setattr(DEFAULT_SPEC.process, "command", "x")  # noqa: B010


class TestNames:
    @pytest.mark.parametrize(
        ("name", "parts"),
        [
            ("env", ("env", None)),
            ("env[A]", ("env", "A")),
            ("env[A[1]]", ("env", "A[1]")),
            ("stdout[:10]", ("stdout", ":10")),
            ("a]", ("a]", None)),
            ("env[", ("env[", None)),
        ],
    )
    def test_index_begins_at_the_first_bracket(self, name: str, parts: Any) -> None:
        assert split_index(name) == parts

    def test_empty_index(self) -> None:
        with pytest.raises(InvalidProperty, match="empty index"):
            split_index("env[]")

    def test_label_is_short_for_an_element(self) -> None:
        assert resolve_property("WEB.shard") == (PROPERTIES["labels"], "WEB.shard")
        assert resolve_property("labels[WEB.shard]") == (PROPERTIES["labels"], "WEB.shard")

    @pytest.mark.parametrize("name", ["", "no_such", "memory.stat", "Web.x", "[a]", "env ", "x\0"])
    def test_unknown(self, name: str) -> None:
        with pytest.raises(InvalidProperty):
            resolve_property(name)

    def test_long_unknown_name_is_cut(self) -> None:
        with pytest.raises(InvalidProperty) as caught:
            find_property("x" * 1_000_000)
        assert len(caught.value.text) < 200


class TestErrors:
    def test_name_verb_subject_property_value_and_cause(self) -> None:
        with pytest.raises(InvalidValue) as caught:
            PROPERTIES["thread_limit"].parse("a/b", "12Q")
        assert caught.value.text == "cannot set thread_limit of a/b to '12Q': unknown unit Q"

    def test_element_is_named(self) -> None:
        with pytest.raises(InvalidValue, match=r"cannot set ulimit\[files\] of a to '1'"):
            PROPERTIES["ulimit"].parse_index("a", (), "files", "1")
        with pytest.raises(InvalidValue, match=r"cannot get env\[X\] of a: "):
            PROPERTIES["env"].format_index("a", (), "X")

    @pytest.mark.parametrize(
        ("name", "text", "error"),
        [
            ("isolate", "maybe", Unknown),
            ("respawn", "", Unknown),
            ("labels", "bad: 1", InvalidLabel),
            ("labels", "; ".join(f"WEB.{n}: 1" for n in range(101)), ResourceNotAvailable),
            ("max_respawns", "x", InvalidValue),
            ("umask", "9", InvalidValue),
            ("virt_mode", "vm", InvalidValue),
            ("user", "no-such-user", InvalidValue),
            ("private", "x" * 4097, InvalidValue),
            ("command", "x" * (128 * 1024 + 1), InvalidValue),
            ("command_argv", "x" * (128 * 1024 + 1), InvalidValue),
        ],
        ids=range(11),
    )
    def test_code_is_the_codecs(self, name: str, text: str, error: type[Exception]) -> None:
        with pytest.raises(error):
            PROPERTIES[name].parse("a", text)

    def test_element_of_what_has_none(self) -> None:
        prop = PROPERTIES["cwd"]
        with pytest.raises(InvalidValue, match="has no elements"):
            prop.parse_index("a", "", "x", "1")
        with pytest.raises(InvalidValue, match="has no elements"):
            prop.format_index("a", "", "x")

    def test_missing_label(self) -> None:
        with pytest.raises(LabelNotFound):
            PROPERTIES["labels"].format_index("a", (), "WEB.x")

    @every([p for p in SPEC_PROPERTIES if type(p.codec) is not Bool])
    def test_a_mebibyte_is_refused_or_bounded_and_never_echoed(self, prop: Property) -> None:
        with pytest.raises(InvalidValue) as caught:
            prop.parse("a", "1" * (VALUE_MAX_BYTES + 1))
        assert len(caught.value.text) < 300

    def test_huge_native_values_are_refused(self) -> None:
        with pytest.raises(Rejected):
            PROPERTIES["thread_limit"].codec.native(10**5000)
        with pytest.raises(Rejected):
            PROPERTIES["env"].codec.native({"A": 10**5000})


class TestStates:
    def settable(self, prop: Prop) -> set[str]:
        row = Property("p", "f", prop, Int(), 0, "")
        states = set()
        for state in STATES:
            try:
                check_settable(row, "a", state)
            except InvalidState:
                continue
            states.add(state)
        return states

    def test_launch_time(self) -> None:
        assert self.settable(Prop(owner="x")) == {"stopped"}

    def test_dynamic(self) -> None:
        assert self.settable(Prop(owner="x", dynamic=True)) == set(STATES) - {"dead"}

    def test_any_state(self) -> None:
        assert self.settable(Prop(owner="x", dynamic=True, any_state=True)) == set(STATES)

    def test_read_only_is_invalid_value(self) -> None:
        for name in ("state", "root_pid", "exit_status"):
            with pytest.raises(InvalidValue, match="read-only"):
                check_settable(PROPERTIES[name], "a", "stopped")

    def test_reading(self) -> None:
        def readable(name: str) -> set[str]:
            states = set()
            for state in STATES:
                try:
                    check_readable(PROPERTIES[name], "a", state)
                except InvalidState:
                    continue
                states.add(state)
            return states

        assert readable("exit_status") == {"dead"}
        assert readable("root_pid") == set(STATES) - {"stopped", "starting"}
        assert readable("state") == set(STATES)

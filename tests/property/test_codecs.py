"""Codecs: every value survives its own text, and no text breaks one."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porto.spec.codecs import CpuPower, Date, StreamText, UintMapCodec
from porto.spec.containers.spec import PROPERTIES, SPEC_PROPERTIES
from porto.spec.prop import Property, Rejected
from tests.property import strategies

EXAMPLES = settings(max_examples=60, deadline=None)
KEEPS_BLANKS = {"command_argv"}


def spec_properties() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("prop", SPEC_PROPERTIES, ids=lambda prop: prop.name)


@spec_properties()
@EXAMPLES
@given(data=st.data())
def test_text_of_any_value_is_read_back(prop: Property, data: st.DataObject) -> None:
    value = data.draw(strategies.values(prop.codec))
    text = prop.codec.format(value)
    assert prop.codec.parse(text) == value
    assert prop.codec.restore(text) == value
    if prop.name not in KEEPS_BLANKS:
        assert prop.codec.parse(text.strip(" \t\n")) == value


@spec_properties()
@EXAMPLES
@given(data=st.data())
def test_native_value_is_read_back_through_json(prop: Property, data: st.DataObject) -> None:
    value = data.draw(strategies.values(prop.codec))
    if isinstance(prop.codec, CpuPower):  # a document's number is per cent, not ns
        percent = json.loads(json.dumps(value / 10**9))
        assert prop.codec.native(percent) == prop.codec.parse(str(percent))
        return
    native = json.loads(json.dumps(value))
    assert prop.codec.native(native) == value


@spec_properties()
@EXAMPLES
@given(text=st.text(max_size=40) | strategies.texts(40))
def test_any_text_is_a_value_or_rejected(prop: Property, text: str) -> None:
    try:
        value = prop.codec.parse(text)
    except Rejected:
        return
    assert prop.codec.parse(prop.codec.format(value)) == value
    hash(value)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@spec_properties()
@EXAMPLES
@given(value=JSON_VALUES)
def test_any_native_value_is_a_value_or_rejected(prop: Property, value: Any) -> None:
    with contextlib.suppress(Rejected):
        hash(prop.codec.native(value))


@EXAMPLES
@given(data=st.data(), index=strategies.texts(12), text=strategies.texts(12))
def test_any_index_is_a_value_or_rejected(data: st.DataObject, index: str, text: str) -> None:
    prop = data.draw(st.sampled_from([p for p in SPEC_PROPERTIES if p.indexed]))
    old = data.draw(strategies.values(prop.codec))
    try:
        value = prop.codec.set_index(old, index, text)
    except Rejected:
        return
    assert prop.codec.parse(prop.codec.format(value)) == value


@EXAMPLES
@given(value=strategies.env_values(), name=strategies.variable_names(), text=strategies.texts())
def test_a_variable_that_was_set_is_got(value: Any, name: str, text: str) -> None:
    codec = PROPERTIES["env"].codec
    assert codec.get_index(codec.set_index(value, name, text), name) == text


@EXAMPLES
@given(value=strategies.uint_maps())
def test_maps_of_numbers_are_read_back(value: Any) -> None:
    codec = UintMapCodec()
    assert codec.parse(codec.format(value)) == value


@EXAMPLES
@given(seconds=st.integers(1, 4_000_000_000))
def test_dates_are_read_back(seconds: int) -> None:
    codec = Date()
    text = codec.format(float(seconds))
    assert codec.format(codec.parse(text)) == text


@EXAMPLES
@given(index=strategies.texts(8) | st.from_regex(r"[0-9]{0,3}:?[0-9]{0,3}", fullmatch=True))
def test_any_window_is_two_numbers_or_rejected(index: str) -> None:
    try:
        offset, length = StreamText().window(index)
    except Rejected:
        return
    assert (offset, length) != (None, None)

"""CPU power and periods as text."""

import math

import pytest

from porto.spec.codecs import CpuPower, Period, power
from porto.spec.containers.spec import PROPERTIES
from porto.spec.errors import InvalidValue
from porto.spec.prop import Rejected

CORE = power.CORE


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "configured_cores", lambda: 4)


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("0", 0, "0c"),
        ("100", 4 * CORE, "4c"),
        ("50", 2 * CORE, "2c"),
        ("101", 4 * CORE + CORE // 25, "4.04c"),
        ("0.5c", CORE // 2, "0.5c"),
        (" 1.5 c", 3 * CORE // 2, "1.5c"),
        ("1500000000ns", 3 * CORE // 2, "1.5c"),
        ("1ns", 1, "1e-09c"),
        ("0x10", 16 * CORE // 25, "0.64c"),
        ("0x1p-1c", CORE // 2, "0.5c"),
        ("1e1c", 10 * CORE, "10c"),
        ("1234567c", 1234570 * CORE, "1.23457e+06c"),
        ("0.1234567c", 123457000, "0.123457c"),
        ("-0", 0, "0c"),
    ],
)
def test_power_is_counted_in_ns_per_second(text: str, value: int, shown: str) -> None:
    codec = CpuPower()
    assert codec.parse(text) == value
    assert codec.format(value) == shown
    assert codec.parse(shown) == value


NO_POWER = [
    "",
    "c",
    "-1",
    "-0.1c",
    "1C",
    "1 core",
    "1%",
    "1cc",
    "nan",
    "nanc",
    "inf",
    "infinityc",
    "1e400",
    "1e30c",
    "2e10c",
    "0x",
    "1,5c",
    "1c 2",
    "1s",
]


@pytest.mark.parametrize("text", NO_POWER)
def test_what_is_no_power_is_refused(text: str) -> None:
    with pytest.raises(Rejected):
        CpuPower().parse(text)
    for name in ("cpu_limit", "cpu_guarantee"):
        with pytest.raises(InvalidValue, match=f"cannot set {name} of a/b to"):
            PROPERTIES[name].parse("a/b", text)


def test_a_stored_text_does_not_depend_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    text = CpuPower().format(CpuPower().parse("50"))
    monkeypatch.setattr(power, "configured_cores", lambda: 64)
    assert CpuPower().restore(text) == 2 * CORE


def test_a_documents_number_is_per_cent() -> None:
    codec = CpuPower()
    assert codec.native(50) == codec.parse("50")
    assert codec.native(12.5) == codec.parse("12.5")
    for value in (True, None, [], math.nan, math.inf, -1, 10**400):
        with pytest.raises(Rejected):
            codec.native(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1ms", 10**6), ("1s", 10**9), ("100000000", 10**8), ("0.5s", 5 * 10**8), ("1e6", 10**6)],
)
def test_periods_are_nanoseconds(text: str, value: int) -> None:
    assert Period().parse(text) == value
    assert Period().format(value) == str(value)


@pytest.mark.parametrize(
    "text", ["", "0", "999999", "1000000001", "999us", "1.1s", "-1ms", "100", "nan", "inf", "1m"]
)
def test_other_periods_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        PROPERTIES["cpu_period"].parse("a", text)


@pytest.mark.parametrize(
    "text", ["", "0", "0.009", "0.00999999", "100.01", "-1", "nan", "inf", "1c", "1 %", "1K"]
)
def test_weights_are_numbers_from_a_hundredth_to_a_hundred(text: str) -> None:
    with pytest.raises(InvalidValue):
        PROPERTIES["cpu_weight"].parse("a", text)


@pytest.mark.parametrize("text", ["", "Normal", "fifo", "nosmt", "normal rt", "0"])
def test_unknown_policies_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        PROPERTIES["cpu_policy"].parse("a", text)

"""Runs a BPF program as the kernel would, as far as device programs go.

An unknown instruction, an uninitialised register, a jump out of the program or a program
without an end is an error, as the verifier would find.
"""

import struct

KINDS = {"b": 1, "c": 2}
MASK = (1 << 64) - 1
STEPS_MAX = 100_000


def run(program: bytes, kind: str, major: int, minor: int, access: int) -> bool:
    """Whether the program allows this access to this device."""
    context = struct.pack("=3I", access << 16 | KINDS[kind], major, minor)
    code = list(struct.iter_unpack("=BBhi", program))
    registers: dict[int, int | None] = {1: None}
    at = 0
    for _ in range(STEPS_MAX):
        operation, operands, offset, immediate = code[at]
        to, source = operands & 15, operands >> 4
        at += 1
        match operation:
            case 0x61:
                assert registers[source] is None, "not the context"
                registers[to] = struct.unpack_from("=I", context, offset)[0]
            case 0xB7:
                registers[to] = immediate & MASK
            case 0xBF:
                registers[to] = registers[source]
            case 0x57:
                registers[to] = _number(registers, to) & (immediate & MASK)
            case 0x77:
                registers[to] = _number(registers, to) >> immediate
            case 0x55:
                assert offset >= 0, "a loop"
                if _number(registers, to) != immediate & MASK:
                    at += offset
            case 0x95:
                return bool(_number(registers, 0))
            case _:
                raise AssertionError(f"unknown instruction {operation:#x}")
    raise AssertionError("no end")


def _number(registers: dict[int, int | None], register: int) -> int:
    value = registers[register]
    assert value is not None, "arithmetic on the context"
    return value

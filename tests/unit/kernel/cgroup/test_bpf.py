"""The assembler: instructions as the kernel reads them."""

import struct

import pytest

from porto.kernel.cgroup import bpf


@pytest.mark.parametrize(
    ("made", "operation", "registers", "offset", "immediate"),
    [
        (bpf.load_word(bpf.R2, bpf.R1, 8), 0x61, 0x12, 8, 0),
        (bpf.move(bpf.R0, -1), 0xB7, 0x00, 0, -1),
        (bpf.copy(bpf.R3, bpf.R2), 0xBF, 0x23, 0, 0),
        (bpf.bit_and(bpf.R3, 0xFFFF), 0x57, 0x03, 0, 0xFFFF),
        (bpf.shift_right(bpf.R2, 16), 0x77, 0x02, 0, 16),
        (bpf.jump_unless_equal(bpf.R4, 1 << 20, 3), 0x55, 0x04, 3, 1 << 20),
        (bpf.leave(), 0x95, 0, 0, 0),
    ],
)
def test_an_instruction_is_eight_bytes(
    made: bytes, operation: int, registers: int, offset: int, immediate: int
) -> None:
    assert len(made) == bpf.INSTRUCTION_BYTES
    assert struct.unpack("=BBhi", made) == (operation, registers, offset, immediate)


def test_what_does_not_fit_is_an_error() -> None:
    with pytest.raises(struct.error):
        bpf.jump_unless_equal(bpf.R4, 1 << 31, 0)
    with pytest.raises(struct.error):
        bpf.jump_unless_equal(bpf.R4, 0, 1 << 15)

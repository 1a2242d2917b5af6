"""State from one master program to the next."""

import json
import os

import pytest

from porto.launcher import handover


def test_a_state_is_read_back() -> None:
    fd = handover.save({"lock": 1, "launches": {"pins": []}})
    assert os.get_inheritable(fd)
    found = handover.load(fd)
    assert found == {"version": handover.VERSION, "lock": 1, "launches": {"pins": []}}
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


@pytest.mark.parametrize("version", [1, 2, 3, 4, None])
def test_versions(version: int | None) -> None:
    fd = os.memfd_create("portotest")
    os.write(fd, json.dumps({"version": version}).encode())
    known = version in (2, 3)
    assert handover.understands(str(version)) == known
    if known:
        assert handover.load(fd) == {"version": version}
    else:
        with pytest.raises(ValueError, match="another version"):
            handover.load(fd)

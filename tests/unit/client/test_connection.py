"""What the methods of the client send and return."""

import signal

import pytest

import porto
from porto.exceptions import (
    ContainerDoesNotExist,
    InvalidProperty,
    InvalidState,
    WaitContainerTimeout,
)


def test_life_of_a_container(conn, fake) -> None:
    container = conn.Create("a")
    assert str(container) == "a"
    container["command"] = "sleep 1000"
    container.Start()
    assert container["state"] == "running"
    container.Pause()
    assert container.GetData("state") == "paused"
    container.Resume()
    container.Kill(signal.SIGTERM)
    assert container["exit_status"] == "15"
    container.Stop()
    with pytest.raises(InvalidState):
        container.Kill(9)
    container.Destroy()
    with pytest.raises(ContainerDoesNotExist, match=r"ContainerDoesNotExist:\(no container a\)"):
        container.GetProperty("state")
    with pytest.raises(ContainerDoesNotExist):
        conn.Find("a")


def test_values_cross_as_text_and_truth_comes_back(conn, fake) -> None:
    conn.Create("a").Set(respawn=True, isolate=False, memory_limit=1 << 30, private=None)
    assert fake.containers["a"]["respawn"] == "true"
    assert fake.containers["a"]["isolate"] == "false"
    assert fake.containers["a"]["memory_limit"] == "1073741824"
    assert fake.containers["a"]["private"] == ""
    assert conn.GetProperty("a", "respawn") is True
    assert conn.GetProperty("a", "isolate") is False
    assert conn.GetProperty("a", "memory_limit") == "1073741824"


def test_get_of_many_keeps_errors_among_the_values(conn) -> None:
    conn.Create("a")
    got = conn.Get(["a", "b"], ["state", "nothing"])
    assert got["a"]["state"] == "stopped"
    assert isinstance(got["a"]["nothing"], InvalidProperty)
    assert isinstance(got["b"]["state"], ContainerDoesNotExist)
    assert conn.Find("a").Get(["weak"]) == {"weak": False}
    assert conn.Find("a").GetProperties()["state"] == "stopped"


def test_lists(conn) -> None:
    conn.Create("b")
    conn.Create("a")
    assert conn.List() == ["a", "b"]
    assert conn.List("b*") == ["b"]
    assert conn.ListContainers() == [porto.Container(conn, "a"), porto.Container(conn, "b")]
    assert "command" in conn.Plist()
    assert "state" in conn.Dlist()
    assert "command" not in conn.Dlist()
    assert conn.ContainerProperties()["state"].read_only
    assert conn.Version() == ("1.2.3", "fake")


def test_weak_container_goes_with_the_connection(conn, fake) -> None:
    conn.CreateWeakContainer("a")
    assert "a" in fake.containers
    conn.disconnect()
    with fake.changed:
        assert fake.changed.wait_for(lambda: "a" not in fake.containers, 10)


def test_run_and_what_it_undoes(conn, fake) -> None:
    container = conn.Run("a", weak=False, command="sleep 1", private_value="mine")
    assert fake.containers["a"]["weak"] == "false"
    assert container["private"] == "mine"
    assert conn.Run("b", command="exit 1", wait=5)["exit_status"] == "256"
    with pytest.raises(InvalidProperty):
        conn.Run("c", nonsense=1)
    assert "c" not in fake.containers


def test_run_with_a_root_volume(conn, fake) -> None:
    conn.Run("a", start=False, root_volume={"layers": ["base", "top"], "space_limit": 1024})
    fields = fake.await_request("createVolume")
    assert {item.name: item.value for item in fields.properties} == {
        "layers": "base;top",
        "space_limit": "1024",
        "containers": "a",
    }
    assert ("root", "/place/porto_volumes/1/volume") in [
        (request.property, request.value)
        for name, request in fake.requests
        if name == "setProperty"
    ]


def test_waits(conn) -> None:
    container = conn.Run("a", command="sleep 1000")
    with pytest.raises(WaitContainerTimeout):
        conn.WaitContainers(["a"], timeout=0)
    with pytest.raises(WaitContainerTimeout):
        container.WaitContainer(timeout=0.001)
    assert conn.Wait(["a"], timeout=0) == ""
    assert conn.Wait(["a"], timeout_s=0.001) == ""
    assert container.Wait(timeout=1) == ""
    container.Stop()
    assert conn.WaitContainers(["a"]) == "a"
    assert conn.Wait([container]) == "a"


@pytest.mark.parametrize(
    ("timeout", "wanted"), [(None, None), (-1, None), (0, 0), (2.5, 2500), (1e9, 0xFFFFFFFF)]
)
def test_stop_sends_milliseconds(conn, fake, timeout, wanted) -> None:
    conn.Create("a").Stop(timeout)
    fields = fake.await_request("stop")
    assert (fields.timeout_ms if fields.HasField("timeout_ms") else None) == wanted


def test_labels(conn, fake) -> None:
    container = conn.Create("a")
    container.SetLabel("TEST.a", "x")
    assert container.GetLabel("TEST.a") == "x"
    assert container.IncLabel("TEST.n", 5) == 5
    assert conn.IncLabel("a", "TEST.n") == 6
    assert conn.FindLabel("TEST.a") == [
        {"name": "a", "state": "stopped", "label": "TEST.a", "value": "x"}
    ]


def test_child_names(conn) -> None:
    parent = porto.Container(conn, "a")
    assert (parent / "b").name == "a/b"
    assert (porto.Container(conn, "/") / "b").name == "b"


def test_call_sends_any_request(conn, fake) -> None:
    conn.Call("create", name="x")
    assert conn.Call("getProperty", name="x", property="state").value == "stopped"
    found = conn.Call("get", name=["x"], variable=["state"])
    assert found.list[0].keyval[0].value == "stopped"


def test_convert_and_locate(conn) -> None:
    assert conn.ConvertPath("/x", "a", "b") == "a:b:/x"
    assert conn.LocateProcess(5, "sh").name == "pid-5-sh"

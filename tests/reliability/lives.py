"""The lives that are walked: short scripts that together make every facet's changes.

A later facet adds its properties to `LIMITS` and `LIVE`, or a life to `LIVES`. What this machine
cannot do is not among the properties that the daemon lists, and left out.
"""

import signal
from collections.abc import Callable, Mapping

from tests.reliability.script import Script

Life = Callable[[Script], None]

SLEEP = "exec sleep 1000"
KILLED = int(signal.SIGKILL)


def plain(s: Script) -> None:
    """Created, run to its end twice, stopped, destroyed."""
    s.create("plain", private="a note", labels="WALK.kind: plain")
    s.set("plain", "command", s.command("plain", "exit 3"))
    s.start("plain")
    s.wait("plain", 3 << 8)
    s.check()
    s.stop("plain")
    s.start("plain")
    s.wait("plain", 3 << 8)
    s.stop("plain")
    s.check()
    s.destroy("plain")


LIMITS: Mapping[str, str] = {
    "memory_limit": "256M",
    "memory_guarantee": "1M",
    "pressurize_on_death": "true",
    "hugetlb_limit": "64M",
    "oom_is_fatal": "false",
    "oom_score_adj": "500",
    "cpu_policy": "batch",
    "cpu_weight": "0.5",
    "cpu_guarantee": "0.1c",
    "cpu_limit": "0.8c",
    "cpu_period": "50ms",
    "cpu_set": "0",
    "io_limit": "/ r: 100M",
    "io_ops_limit": "/: 1000",
    "devices": "/dev/full rw",
    "thread_limit": "100",
    "ulimit": "nofile: 512 1024",
    "cwd": "/tmp",
    "env": "WALK=yes",
    "enable_porto": "read-isolate",
    "user": "nobody",
    "group": "nogroup",
    "umask": "022",
    "stdout_limit": "1M",
    "aging_time": "3600",
}
"""A value for each property that becomes something in the kernel or in the launch."""


def limits(s: Script) -> None:
    """Every facet's properties, from the start on."""
    s.create("limits", **s.supported(LIMITS))
    s.set("limits", "command", s.command("limits", SLEEP))
    s.start("limits")
    s.check()
    s.stop("limits")
    s.destroy("limits")


LIVE: Mapping[str, str] = {
    "memory_limit": "128M",
    "memory_guarantee": "2M",
    "oom_is_fatal": "false",
    "cpu_policy": "idle",
    "cpu_weight": "2",
    "cpu_limit": "0.5c",
    "cpu_set": "1",
    "io_limit": "/ w: 50M",
    "devices": "/dev/zero r",
    "thread_limit": "50",
    "ulimit": "nofile: 256 512",
}


def live(s: Script) -> None:
    """Everything that can change under a running task, and somebody else's hand."""
    s.create("live", isolate="false", command=s.command("live", SLEEP))
    s.start("live")
    for prop, value in s.supported(LIVE).items():
        s.set("live", prop, value)
    s.check()
    s.drift("live", "pids", "pids.max", "7")
    s.kill("live", signal.SIGKILL)
    s.wait("live", KILLED)
    s.check()
    s.destroy("live")


def moved(s: Script) -> None:
    """Somebody moves its task out of the container."""
    s.create("moved", command=s.command("moved", SLEEP))
    s.start("moved")
    s.move("moved", "freezer")
    s.check()
    s.stop("moved")
    s.destroy("moved")


def frozen(s: Script) -> None:
    """Paused, resumed, paused and stopped."""
    s.create("frozen", command=s.command("frozen", SLEEP))
    s.start("frozen")
    s.pause("frozen")
    s.resume("frozen")
    s.state("frozen", "running")
    s.pause("frozen")
    s.check()
    s.stop("frozen")
    s.destroy("frozen")


def respawned(s: Script) -> None:
    """Dies and is started again, so often and no more."""
    s.create("respawned", respawn="true", max_respawns="2", respawn_delay="20ms")
    s.set("respawned", "command", s.command("respawned", "exit 1"))
    if not s.start("respawned", runs=3):
        s.destroy("respawned")
        return
    s.until(lambda: s.read("respawned", "respawn_count") == "2", "it was respawned twice")
    s.wait("respawned", 1 << 8, deaths=3)
    s.check()
    s.destroy("respawned")


def family(s: Script) -> None:
    """Parents without command, with namespaces and without; children with them and without."""
    s.create("family", isolate="false", thread_limit="300")
    s.create("family/a", memory_limit="64M")
    s.create("family/a/b", command=s.command("family/a/b", SLEEP))
    s.create(
        "family/c",
        controllers="freezer;memory",
        isolate="false",
        command=s.command("family/c", SLEEP),
    )
    s.start("family/a/b")
    s.start("family/c")
    s.state("family", "meta")
    s.check()
    s.stop("family/a")
    s.state("family/a/b", "stopped")
    s.stop("family")
    s.start("family/c")
    s.check()
    s.destroy("family")


def oom(s: Script) -> None:
    """Runs out of memory, and everybody knows."""
    s.create("oom", memory_limit="16M")
    s.set("oom", "command", s.command("oom", "exec dd if=/dev/zero of=/dev/null bs=64M count=1"))
    s.start("oom")
    s.wait("oom", KILLED)
    if s.read("oom", "oom_killed") != str(True):
        s.find("nobody knows that oom ran out of memory")
    s.check()
    s.destroy("oom")


def documents(s: Script) -> None:
    """A .CT file and a document: dropped, edited, removed."""
    file, spec = s.pair.documents / "file.CT", s.pair.specs / "spec.yaml"
    run = {name: s.command(name, SLEEP) for name in ("file", "spec")}
    for name in run:
        s.launch(name)
    s.document(file, f"name = file\ncommand = {run['file']}\n")
    s.document(spec, f"name: spec\ncommand: {run['spec']!r}\n")
    s.appears("file", "running")
    s.appears("spec", "running")
    s.ran("file")
    s.ran("spec")
    s.launch("spec")
    s.document(file, f"name = file\ncommand = {run['file']}\nthread_limit = 77\n")
    s.document(spec, f"name: spec\ncommand: {run['spec']!r}\ncwd: /tmp\n")
    s.until(lambda: s.read("file", "thread_limit") == "77", "the file is followed")
    s.ran("spec")
    s.check()
    file.unlink()
    spec.unlink()
    s.vanishes("file")
    s.vanishes("spec")
    s.check()


def large(s: Script) -> None:
    """A work directory that takes a job to remove."""
    s.create("large", command=s.command("large", SLEEP))
    s.start("large")
    for number in range(100):
        (s.pair.place / "porto" / "large" / f"file-{number}").touch()
    s.stop("large")
    s.start("large")
    s.check()
    s.destroy("large")


def survivor(s: Script) -> None:
    """Runs while the daemon is away, and ends."""
    s.create("survivor", command=s.command("survivor", SLEEP), thread_limit="20")
    s.create("idle", thread_limit="30")
    s.start("survivor")
    s.restart()
    s.check()
    s.set("survivor", "thread_limit", "25")
    s.kill("survivor", signal.SIGTERM)
    s.wait("survivor", int(signal.SIGTERM))
    s.destroy("survivor")
    s.destroy("idle")


def aged(s: Script) -> None:
    """Dead for long enough: it goes by itself."""
    s.create("aged", aging_time="1", command=s.command("aged", "exit 0"))
    s.start("aged")
    s.vanishes("aged")
    s.check()


def weak(s: Script) -> None:
    """Goes with the connection that made it, and with the daemon."""
    s.lend("weak", SLEEP).disconnect()
    s.vanishes("weak")
    lent = s.lend("weak", SLEEP)
    s.restart()
    s.vanishes("weak")
    s.check()
    lent.disconnect()


def machine(s: Script) -> None:
    """A whole system, which ends itself when it is asked to, and another time is killed."""
    s.create("machine", virt_mode="os")
    s.set("machine", "command", s.command("machine", 'trap "exit 0" TERM; sleep 1000 & wait'))
    s.start("machine")
    s.check()
    s.stop("machine")
    s.start("machine")
    s.kill("machine", signal.SIGKILL)
    s.wait("machine", KILLED)
    s.check()
    s.destroy("machine")


def talkative(s: Script) -> None:
    """Says more than is kept, and is squeezed when it is dead."""
    s.create("talkative", stdout_limit="64K", **s.supported({"pressurize_on_death": "true"}))
    s.set("talkative", "command", s.command("talkative", "exec head -c 1000000 /dev/zero"))
    s.start("talkative")
    s.wait("talkative", 0)
    kept = s.pair.place / "porto" / "talkative" / "stdout"
    s.until(lambda: kept.stat().st_blocks * 512 <= 64 << 10, "its output is cut")
    s.check()
    s.destroy("talkative")


def unwanted(s: Script) -> None:
    """Destroyed while its start waits for a stream that nobody opens."""
    s.create("unwanted", stdin_path=s.fifo("unwanted"))
    s.set("unwanted", "command", s.command("unwanted", SLEEP))
    with s.starting("unwanted"):
        s.destroy("unwanted")
    s.vanishes("unwanted")
    s.check()


LIVES: dict[str, Life] = {
    life.__name__: life
    for life in (
        plain,
        limits,
        live,
        moved,
        frozen,
        respawned,
        family,
        oom,
        documents,
        large,
        survivor,
        aged,
        weak,
        machine,
        talkative,
        unwanted,
    )
}
"""By name, the cheapest first."""

REACHED: Mapping[str, str] = {
    "cgroups Attach": "moved",
    "cgroups MakeGroup": "plain",
    "cgroups RemoveGroup": "plain",
    "cpu WriteTime": "limits",
    "cpuset Admit": "plain",
    "devices EnforceRules": "plain",
    "freezer Freeze": "frozen",
    "io WriteLines": "limits",
    "life Await": "frozen",
    "life Count": "plain",
    "life Delete": "plain",
    "life DropLaunch": "unwanted",
    "life ForgetLaunch": "plain",
    "life Kill": "frozen",
    "life LaunchTask": "plain",
    "life Note": "plain",
    "life Signal": "machine",
    "life TakeLaunch": "plain",
    "life Wish": "respawned",
    "limits SetLimits": "live",
    "memory WriteLimit": "limits",
    "oom Arm": "plain",
    "pids WriteKnob": "plain",
    "rotation Rotate": "talkative",
    "scheduler Reschedule": "live",
    "workdir MakeWorkDirectory": "plain",
    "workdir RemoveWorkDirectory": "plain",
}
"""A life in which each effect is carried, on any machine, by ``facet Effect``."""

ELSEWHERE: Mapping[str, str] = {
    "cpuset LookAgain": "a CPU goes away, which is the whole machine's",
    "cpuset WriteInOrder": "cgroup v1 alone: in `plain`",
    "cpuset WriteKnob": "cgroup v2 alone: in `limits`",
    "hugetlb WriteKnob": "kernels with huge pages: in `limits`",
    "io StartCounting": "kernels that count no disk unasked: in `plain`",
    "memory KeepPromises": "kernels with a knob for guarantees: in `limits`",
    "pressure WriteKnob": "cgroup v1 alone: in `talkative`",
}
"""Effects that a machine may not come to, with the reason."""

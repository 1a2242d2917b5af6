"""Ports that can be looked through, and nothing else."""

from typing import Any, NoReturn

import pytest

from porto.reconcilers.ports import Ports

LOOKING = frozenset(
    {
        "allowed",
        "announced",
        "bound",
        "canonical",
        "configured",
        "container_of",
        "controllers",
        "count",
        "current",
        "default_controllers",
        "disks",
        "effective",
        "events_file",
        "events_name",
        "exists",
        "find",
        "freezer_state",
        "fresh",
        "guarantee_knob",
        "handles_signal",
        "has_ended",
        "held",
        "host_pids",
        "in_setup",
        "intact",
        "is_alive",
        "is_armed",
        "is_home",
        "is_met",
        "is_mount",
        "is_new",
        "is_ordinary",
        "is_out_of_memory",
        "is_populated",
        "is_quiet",
        "job_group",
        "job_names",
        "jobs_group",
        "join_files",
        "kills",
        "knob",
        "lacking",
        "launch_directory",
        "locate",
        "look_at",
        "membership",
        "meminfo",
        "mono",
        "name_in",
        "names",
        "occupied",
        "oom_time",
        "open_pidfd",
        "pid_namespace",
        "processes",
        "promised",
        "read",
        "read_ioprio",
        "read_limits",
        "read_online",
        "read_stat",
        "read_topology",
        "reclaiming",
        "render",
        "render_fs",
        "render_limits",
        "render_pressure",
        "render_weight",
        "self_frozen",
        "shown",
        "sized",
        "start_time",
        "state",
        "subtree_processes",
        "subtree_threads",
        "texts",
        "threads",
        "uncounted",
        "unsupported",
        "wall",
    }
)
"""Methods that change nothing; `fresh` makes a group of its own, once."""

CONTROLLERS = ("cpu", "cpuset", "devices", "hugetlb", "io", "memory", "oom", "pids")


def seal(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on every other method of every port fails the test."""
    things = list(ports.ports().values())
    things += [getattr(ports.cgroups, name, None) for name in CONTROLLERS]
    for thing in things:
        for name in dir(thing):
            method = getattr(thing, name)
            kept = name.startswith("_") or name in LOOKING or isinstance(method, type)
            if callable(method) and not kept:
                monkeypatch.setattr(thing, name, _refuser(type(thing).__name__, name))


def _refuser(port: str, name: str) -> Any:
    def refuse(*args: object, **named: object) -> NoReturn:
        raise AssertionError(f"{port}.{name} was called while deciding")

    return refuse

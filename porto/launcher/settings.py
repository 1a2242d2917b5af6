"""Command line of the master: ``--key=value`` words, nothing else.

`cli/portod.py` reads the configuration, builds a `Settings` and executes the master
with its words; the master and its successor read them back. No argparse: the master
stays small, because every launch copies its page tables.
"""

import json
import os
import sys
from collections.abc import Sequence

_TEXT = ("runtime", "socket", "log", "master_pid", "daemon_pid", "group", "program", "version")
_NUMBER = ("backlog", "respawn_delay_ms", "stop_timeout_s")
_FLAG = ("stdlog", "verbose", "debug", "norespawn", "discard")
_LIST = ("config", "daemon", "successor")


class Settings:
    """What the master has to know.

    runtime, socket, log, master_pid, daemon_pid -- paths
    group            -- group of the API socket; root when it does not exist
    program, version -- target of RUNTIME/portod and text of RUNTIME/portod.version
    backlog          -- of the API socket: clients that wait while the daemon restarts
    respawn_delay_ms -- least time between two starts of the daemon
    stop_timeout_s   -- how long a daemon that was told to end may take
    stdlog           -- log to standard error, which the daemon inherits
    verbose, debug, discard, config -- passed on to the daemon; discard once
    norespawn        -- end when the daemon ends
    daemon           -- command line that starts the daemon
    successor        -- arguments for RUNTIME/portod's target; it answers with the
                        command line (JSON) that replaces this master on SIGHUP
    """

    def __init__(self, **values: object) -> None:
        self.runtime = "/run"
        self.socket = ""
        self.log = "/var/log/portod.log"
        self.master_pid = ""
        self.daemon_pid = ""
        self.group = "porto"
        self.program = ""
        self.version = ""
        self.backlog = 1000
        self.respawn_delay_ms = 1000
        self.stop_timeout_s = 300
        self.stdlog = False
        self.verbose = False
        self.debug = False
        self.norespawn = False
        self.discard = False
        self.config: list[str] = []
        self.daemon: list[str] = []
        self.successor: list[str] = []
        for key, value in values.items():
            if key not in self.__dict__:
                raise TypeError(f"unknown setting {key}")
            setattr(self, key, value)
        self.socket = self.socket or f"{self.runtime}/portod.socket"
        self.master_pid = self.master_pid or f"{self.runtime}/portoloop.pid"
        self.daemon_pid = self.daemon_pid or f"{self.runtime}/portod.pid"
        self.daemon = self.daemon or [sys.executable, "-P", "-X", "utf8", "-m", "porto.cli.daemon"]

    @property
    def link(self) -> str:
        """The symlink to the running program."""
        return f"{self.runtime}/portod"

    @property
    def version_file(self) -> str:
        """Its version in text."""
        return f"{self.runtime}/portod.version"

    @property
    def statistics(self) -> str:
        """The daemons' counters, which outlive them."""
        return f"{self.runtime}/portod.stat"

    def words(self) -> list[str]:
        """The command line that `parse` reads back."""
        found = [f"--{key}={getattr(self, key)}" for key in (*_TEXT, *_NUMBER)]
        found += [f"--{key}" for key in _FLAG if getattr(self, key)]
        found += [f"--{key}={json.dumps(getattr(self, key))}" for key in _LIST]
        return found


def parse(words: Sequence[str]) -> tuple[Settings, dict[str, str]]:
    """Settings, and the words that are none (``handover``, ``check``).

    Raises ValueError naming the word that is not understood.
    """
    values: dict[str, object] = {}
    rest: dict[str, str] = {}
    for word in words:
        key, given, value = word.removeprefix("--").partition("=")
        if not word.startswith("--"):
            raise ValueError(f"unknown argument {word!r}")
        if key in _FLAG and not given:
            values[key] = True
        elif key in _TEXT and given:
            values[key] = value
        elif key in _NUMBER and value.isdecimal():
            values[key] = int(value)
        elif key in _LIST and given:
            values[key] = _strings(word, value)
        elif key in ("handover", "check"):
            rest[key] = value
        else:
            raise ValueError(f"unknown argument {word!r}")
    return Settings(**values), rest


def _strings(word: str, value: str) -> list[str]:
    found = json.loads(value)
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise ValueError(f"unknown argument {word!r}: not a list of strings")
    return found


def master_command(settings: Settings) -> list[str]:
    """Command line that runs the master with these settings in this installation.

    Not ``-m porto.launcher``: without `site` the interpreter is a megabyte smaller and
    starts 15 ms earlier, and finds the package by the script's own path.
    """
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
    return [sys.executable, "-I", "-S", "-X", "utf8", script, *settings.words()]

"""Configuration files: what is read, in which order, and what is said about errors."""

import os
from pathlib import Path

import pytest

from porto.api import config_pb2
from porto.api.config import ConfigError, load_config, read_config
from porto.spec.config import Config, SpecDirectory, build_config

EVERYTHING = """
# sections may repeat, the last scalar wins
log { verbose: true }; log { debug: true }
daemon {
  max_clients: 10, max_clients: 20
  portod_stop_timeout: 5
  workers: 32
}
container {
  default_ulimit: "core: 0 unlimited; "
                  "nofile: 8K 1M"
  net_sysctl { key: "net.core.somaxconn" val: "4096" }
  net_sysctl { key: "net.ipv6.conf.all.accept_dad" val: "1" }
  default_resolv_conf: "nameserver ::1"
  extra_devices: "/dev/fuse rw"
  device_preset { preset: "gpu" device: "/dev/a rw" device: "/dev/b r*" }
  device_preset { preset: "none" }
  enable_hugetlb: false
  private_max: 1024
}
volumes { enable_quota: true place_load_limit: "default: 2; /ssd: 4" }
network { device_qdisc: "default: hfsc" addrlabel { prefix: "::/0" label: 1 } }
core { enable: false }
master_pid { path: "/run/portoloop.pid" perm: 0644 }
keyvalue_size: 1048576
paths { runtime: "/run/two" cgroup: "two" }
spec_dir { path: "/etc/porto/specs" enforce: true }
spec_dir { path: "/srv/specs" restart: false removal_max_percent: 100 }
"""


def write(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


class TestValues:
    def test_defaults(self, tmp_path: Path) -> None:
        loaded = read_config(root=str(tmp_path))
        assert loaded.config == Config()
        assert (loaded.files, loaded.problems, loaded.ignored) == ((), (), ())
        assert loaded.config.paths.socket == "/run/portod.socket"

    def test_everything(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.conf", EVERYTHING)
        loaded = read_config([path])
        config = loaded.config
        assert (config.log.verbose, config.log.debug) == (True, True)
        assert config.daemon.max_clients == 20
        assert config.daemon.portod_stop_timeout == 5
        assert config.container.default_ulimit == "core: 0 unlimited; nofile: 8K 1M"
        assert config.container.net_sysctl == {
            "net.core.somaxconn": "4096",
            "net.ipv6.conf.all.accept_dad": "1",
            "net.ipv6.conf.default.accept_dad": "0",
        }
        assert config.container.default_resolv_conf == "nameserver ::1"
        assert config.container.extra_devices == "/dev/fuse rw"
        assert config.container.device_preset == {"gpu": "/dev/a rw; /dev/b r*", "none": ""}
        assert config.keyvalue_size == 1 << 20
        assert config.paths.store == "/run/two/porto/kvs"
        assert config.paths.place == "/place"
        assert config.spec_dir == (
            SpecDirectory(path="/etc/porto/specs", enforce=True),
            SpecDirectory(path="/srv/specs", restart=False, removal_max_percent=100),
        )
        assert loaded.files == (path,)

    def test_keys_without_effect_are_named_unless_nobody_expects_one(self, tmp_path: Path) -> None:
        loaded = read_config([write(tmp_path / "a.conf", EVERYTHING)])
        assert loaded.ignored == (
            "container.enable_hugetlb",
            "core.enable",
            "network.addrlabel",
            "network.device_qdisc",
            "volumes.enable_quota",
            "volumes.place_load_limit",
        )

    def test_every_key_of_ours_is_in_the_schema(self) -> None:
        fields = config_pb2.Config.DESCRIPTOR.fields_by_name
        for name, info in Config.model_fields.items():
            assert name in fields
            section = info.annotation
            if name == "spec_dir":
                section = SpecDirectory
            if isinstance(section, type) and hasattr(section, "model_fields"):
                inner = fields[name].message_type
                assert inner is not None
                assert set(section.model_fields) <= set(inner.fields_by_name)

    def test_later_files_win(self, tmp_path: Path) -> None:
        one = write(tmp_path / "1", "container { max_total: 1 stdout_limit: 5 }")
        two = write(tmp_path / "2", "container { max_total: 2 }")
        config = load_config([one, two])
        assert (config.container.max_total, config.container.stdout_limit) == (2, 5)
        assert load_config([two, one]).container.max_total == 1


class TestExplicitFiles:
    @pytest.mark.parametrize(
        ("text", "place", "reason"),
        [
            ("log {\n  verbose: maybe\n}", ":2:12", 'Expected "true"'),
            ("container { colour: 1 }", ":1:13", 'no field named "colour"'),
            ("container {\n max_total: -1 }", ":2:13", "out of range"),
            ("container {", ":1:11", "Expected"),
            ("container { default_ulimit: 'x }", ":1:29", "String missing"),
            ('paths { runtime: "run" }', "", "paths.runtime: not a normal absolute path"),
            ('paths { cgroup: "a/b" }', "", "paths.cgroup: only a-z"),
            ('container { default_ulimit: "files: 1" }', "", "unknown limit 'files'"),
            ('container { extra_devices: "/dev/null x" }', "", "is not of rwm"),
            (
                'container { device_preset { preset: "a" device: "preset b" } }',
                "",
                "a preset within a list",
            ),
            ("daemon { max_clients: 0 }", "", "daemon.max_clients: Input should be greater"),
            ("spec_dir { enforce: true }", "", "spec_dir.path: Field required"),
            ("a { " * 3000, ":1:1", 'no field named "a"'),
        ],
        ids=range(13),
    )
    def test_must_be_right(self, tmp_path: Path, text: str, place: str, reason: str) -> None:
        path = write(tmp_path / "a.conf", text)
        with pytest.raises(ConfigError) as caught:
            load_config([path])
        assert str(caught.value).startswith(f"{path}{place}: ")
        assert reason in caught.value.problem.reason

    def test_must_exist(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot read: No such file"):
            load_config([str(tmp_path / "a.conf")])

    def test_must_be_text(self, tmp_path: Path) -> None:
        (tmp_path / "noise").write_bytes(b"\n\xff\xfe")
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "directory").mkdir()
        reasons = {"noise": "line 2 is not UTF-8", "pipe": "not a regular", "directory": "."}
        for name, reason in reasons.items():
            with pytest.raises(ConfigError, match=reason):
                load_config([str(tmp_path / name)])

    def test_must_not_be_huge(self, tmp_path: Path) -> None:
        with open(tmp_path / "huge", "wb") as file:
            file.truncate(100 << 20)
        with pytest.raises(ConfigError, match="larger than"):
            load_config([str(tmp_path / "huge")])


class TestDefaultFiles:
    def test_order(self, tmp_path: Path) -> None:
        etc = tmp_path / "etc"
        write(etc / "portod.conf", "container { max_total: 1 } daemon { max_clients: 1 }")
        write(etc / "default" / "portod.conf", "log { verbose: true }")
        write(etc / "portod.conf.d" / "20.conf", "container { max_total: 20 }")
        write(etc / "portod.conf.d" / "10.conf", "container { max_total: 10 }")
        write(etc / "portod.conf.d" / "30.conf~", "container { max_total: 30 }")
        loaded = read_config(root=str(tmp_path))
        assert [Path(name).name for name in loaded.files] == ["portod.conf", "10.conf", "20.conf"]
        assert loaded.config.container.max_total == 20
        assert loaded.config.daemon.max_clients == 1
        assert loaded.config.log.verbose is False

    def test_fallback(self, tmp_path: Path) -> None:
        write(tmp_path / "etc" / "default" / "portod.conf", "log { verbose: true }")
        assert read_config(root=str(tmp_path)).config.log.verbose is True

    def test_what_stands_before_an_error_counts(self, tmp_path: Path) -> None:
        etc = tmp_path / "etc"
        main = write(etc / "portod.conf", "container { max_total: 1 }\nlog { loud: true }")
        write(etc / "default" / "portod.conf", "container { max_total: 2 }")
        write(etc / "portod.conf.d" / "a.conf", "log { verbose: true }")
        loaded = read_config(root=str(tmp_path))
        assert loaded.config.container.max_total == 1
        assert loaded.config.log.verbose is True
        (problem,) = loaded.problems
        assert (problem.path, problem.line, problem.column) == (main, 2, 7)

    def test_a_refused_value_leaves_the_default(self, tmp_path: Path) -> None:
        text = (
            'paths { place: "here" runtime: "/x" } spec_dir { path: "b" } spec_dir { path: "/c" }'
        )
        write(tmp_path / "etc" / "portod.conf", text)
        loaded = read_config(root=str(tmp_path))
        assert (loaded.config.paths.place, loaded.config.paths.runtime) == ("/place", "/x")
        assert loaded.config.spec_dir == (SpecDirectory(path="/c"),)
        assert len(loaded.problems) == 2

    def test_unreadable_ones_are_reported(self, tmp_path: Path) -> None:
        (tmp_path / "etc" / "portod.conf").mkdir(parents=True)
        (tmp_path / "etc" / "portod.conf.d").write_text("")
        loaded = read_config(root=str(tmp_path))
        assert loaded.config == Config()
        assert len(loaded.problems) == 2


def test_values_that_fit_nothing_leave_the_defaults() -> None:
    config, refused = build_config({"log": {"verbose": []}, "keyvalue_size": 0})
    assert config == Config()
    assert [key for key, _ in refused] == ["log.verbose", "keyvalue_size"]

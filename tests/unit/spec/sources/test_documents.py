import pytest

from porto.spec.kinds import DIALECTS
from porto.spec.sources.diagnostics import Diagnostic
from porto.spec.sources.documents import Document, is_source_name, parse_document, refused


def parse(text: str | bytes, path: str = "x.yaml") -> Document:
    return parse_document(text.encode() if isinstance(text, str) else text, path, DIALECTS)


def faults(document: Document) -> list[str]:
    return [str(item) for item in document.diagnostics]


def only(document: Document) -> dict[str, object]:
    assert faults(document) == []
    (container,) = document.declared
    return {prop.name: value for prop, value in container.values.items()}


SAME = {
    "web.CT": "command = sleep 1\nenv = A: 1; B: two\nrespawn = true\nstart = false\n"
    "thread_limit = 100\numask = 022\nstdout_limit = 1M\n",
    "web.yaml": "name: web\ncommand: sleep 1\nenv: {A: 1, B: two}\nrespawn: true\nstart: false\n"
    "thread_limit: 100\numask: 022\nstdout_limit: 1M\n",
    "web.json": '{"name": "web", "command": "sleep 1", "env": {"A": "1", "B": "two"},'
    ' "respawn": true, "start": false, "thread_limit": 100, "umask": 18,'
    ' "stdout_limit": 1048576}',
    "web.toml": 'name = "web"\ncommand = "sleep 1"\nrespawn = true\nstart = false\n'
    'thread_limit = 100\numask = 0o022\nstdout_limit = "1M"\n[env]\nA = 1\nB = "two"\n',
}


@pytest.mark.parametrize("path", SAME)
def test_every_format_says_the_same(path):
    document = parse(SAME[path], path)
    assert only(document) == {
        "command": "sleep 1",
        "env": (("A", "1"), ("B", "two")),
        "respawn": True,
        "stdout_limit": 1 << 20,
        "thread_limit": 100,
        "umask": 0o022,
    }
    assert document.declared[0].name == "web"
    assert document.declared[0].start is False
    assert document.declared[0].digest == parse(SAME["web.CT"], "web.CT").declared[0].digest


def test_text_properties_take_what_is_written():
    text = "name: a\ncommand: true\nprivate: 1.10\nuser: 0\nporto_namespace: no\n"
    assert only(parse(text)) == {
        "command": "true",
        "private": "1.10",
        "user": "root",
        "porto_namespace": "no",
    }


def test_null_is_empty_and_unsets_within_env():
    text = "name: a\ncommand:\nthread_limit: ~\nenv: {A: ~, B: ''}\n"
    assert only(parse(text)) == {
        "command": "",
        "thread_limit": None,
        "env": (("A", None), ("B", "")),
    }


def test_children_are_named_within_their_parent_and_follow_it():
    text = """
name: web
containers:
  - name: a
    containers:
      - {name: deep}
  - name: b
---
- name: other
- name: third
---
containers: [{name: fourth}]
---
"""
    names = [item.name for item in parse(text).declared]
    assert names == ["web", "web/a", "web/a/deep", "web/b", "other", "third", "fourth"]


def test_toml_tables():
    text = """
[[container]]
name = "web"
[[container.containers]]
name = "a"
env.A = "1"
[[container]]
name = "other"
thread_limit = "12Q"
"""
    document = parse(text, "x.toml")
    assert [(item.name, item.line) for item in document.declared] == [
        ("web", 2),
        ("web/a", 4),
        ("other", 7),
    ]
    assert faults(document) == ["x.toml:9: thread_limit: cannot be '12Q': unknown unit Q"]


def test_lines_of_json():
    text = '{"containers": [\n {"name": "a",\n  "stdin_pat": 1},\n {"name": "b",\n "umask": "9"}]}'
    assert faults(parse(text, "x.json")) == [
        "x.json:3: stdin_pat: no such property, did you mean stdin_path?",
        "x.json:5: umask: cannot be '9': not an octal number of at most 32 bits",
    ]


def test_all_faults_at_once_with_line_property_and_reason():
    text = """\
name: a b
thread_limt: 5
state: dead
weak: true
respawn: yes
start: maybe
respawn: true
env:
  A: 1
  A: 2
containers:
  - command: x
  - nonsense
"""
    assert faults(parse(text, "/d/x.yaml")) == [
        "/d/x.yaml:1: name: cannot create container 'a b': only a-z A-Z 0-9 _ - @ : . are allowed",
        "/d/x.yaml:2: thread_limt: no such property, did you mean thread_limit?",
        "/d/x.yaml:3: state: is read-only",
        "/d/x.yaml:4: weak: cannot be set by a file",
        "/d/x.yaml:5: respawn: cannot be 'yes': neither true nor false",
        "/d/x.yaml:6: start: cannot be 'maybe': neither true nor false",
        "/d/x.yaml:7: respawn: is given twice, first on line 5",
        "/d/x.yaml:10: env: A: is given twice, first on line 9",
        "/d/x.yaml:12: name: the container has no name",
        "/d/x.yaml:13: wants a container: a mapping with a name",
    ]


def test_elements_change_what_the_file_says_as_a_whole():
    text = "name: a\nenv[B]: 2\nenv: {A: 1}\nulimit[nofile]: 1024\n"
    assert only(parse(text)) == {
        "env": (("A", "1"), ("B", "2")),
        "ulimit": (("nofile", 1024, 1024),),
    }
    assert faults(parse("name: a\nenv[]: 1\ncommand[x]: 1\n")) == [
        "x.yaml:2: env[]: has an empty index",
        "x.yaml:3: command[x]: cannot be '1': has no elements, so no [x]",
    ]


def test_command_argv_decides_command():
    assert only(parse("name: a\ncommand_argv: [echo, a b]\n")) == {
        "command": "echo 'a b'",
        "command_argv": ("echo", "a b"),
    }
    assert faults(parse("name: a\ncommand: x\ncommand_argv: [y]\n")) == [
        "x.yaml:2: command: says something else than command_argv"
    ]
    saved = "command = echo 'a b'\ncommand_argv = echo\ta b\n"
    assert only(parse(saved, "a.CT"))["command_argv"] == ("echo", "a b")


def test_names_are_declared_once_in_a_file():
    assert faults(parse("- name: a\n- name: a\n")) == [
        "x.yaml:2: name: 'a' is declared already on line 1"
    ]


def test_absolute_names_are_those_without_the_prefix():
    assert parse("name: /porto/a/b").declared[0].name == "a/b"
    assert parse("command = x\n", "/d/%porto%a%b.CT").declared[0].name == "a/b"


@pytest.mark.parametrize(
    "name", ["/", "a//b", "self/a", ".", "..", "a/../b", "x" * 129, "a/" * 16 + "a", "é", "a\tb"]
)
def test_bad_names_are_faults(name):
    assert parse(f"name: {name!r}\n").diagnostics


def test_ct_takes_its_name_from_the_file():
    assert parse("command = x", "/d/web%a.CT").declared[0].name == "web/a"
    assert parse("name = web/a", "/d/web%a.CT").declared[0].name == "web/a"
    assert faults(parse("command = x\nname = b", "/d/a.CT")) == [
        "/d/a.CT:2: name: the file says 'b', but its own name says 'a'"
    ]


def test_ct_ignores_what_old_files_hold():
    text = "name = a\nweak = true\nroot_pid = 5\ncpu_set_affinity = 0\ncommand = x\n"
    assert only(parse(text, "a.CT")) == {"command": "x"}
    assert parse("weak = true", "a.CT").declared[0].name == "a"


def test_the_digest_follows_what_is_said_not_where():
    def digest(text: str) -> str:
        return parse(text).declared[0].digest

    first = digest("name: a\ncommand: x\nrespawn: true\n")
    assert digest("# more\n\nname: a\nrespawn: 'true'\ncommand: x\n") == first
    assert digest("name: a\ncommand: y\nrespawn: true\n") != first
    assert digest("name: a\ncommand: x\n") != first
    assert digest("name: a\ncommand: x\nrespawn: true\nstart: false\n") != first


@pytest.mark.parametrize("path", ["a.CT", "a.yaml", "a.json", "a.toml"])
@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_a_file_that_declares_nothing_is_a_fault(path, text):
    document = parse(text, path)
    (fault,) = document.diagnostics
    assert document == Document(path, (), (fault,))
    assert (fault.path, fault.property) == (path, "")
    if not fault.reason.startswith("not JSON"):
        assert (fault.line, fault.reason) == (0, "declares no container")


def test_what_is_no_source_is_refused_whole():
    reason = "not a kind of file that declares containers: .CT, .yaml, .yml, .json, .toml"
    assert parse("name: a\n", "a.txt") == Document(
        "a.txt", (), (Diagnostic("a.txt", 0, "", reason),)
    )
    assert refused("b.CT", "torn", 7) == Document("b.CT", (), (Diagnostic("b.CT", 7, "", "torn"),))
    assert [item.name for item in parse("name: a\n", "-").declared] == ["a"]


def test_every_wrong_line_of_ct_is_a_fault_of_no_property():
    document = parse("command = x\n\nfoo\n", "web.CT")
    assert document.diagnostics == (Diagnostic("web.CT", 3, "", "the line has no '='"),)


@pytest.mark.parametrize("path", ["a.CT", "a.yaml", "a.json", "a.toml"])
@pytest.mark.parametrize("data", [b"\0\1\2", b"name: \xff", b"\x7fELF\0" * 1000, b"]"])
def test_noise_is_a_fault(path, data):
    assert parse(data, path).diagnostics
    assert not any(item.values for item in parse(data, path).declared)


HOSTILE = {
    "lists": ("[" * (1 << 20), ".yaml", ".json", ".toml"),
    "maps": ('{"a":' * (1 << 17), ".yaml", ".json"),
    "dashes": ("- " * (1 << 19), ".yaml"),
    "laughs": ("a: &a [x, x]\nb: &b [*a, *a]\nname: *b\n", ".yaml"),
    "object": ("name: !!python/object/apply:os.system [id]\n", ".yaml"),
    "dotted key": ("a." * (1 << 19) + "b = 1\n", ".toml"),
    "deep value": ("a = " + "[" * 5000 + "]" * 5000, ".toml"),
    "many values": ("- a\n" * (1 << 18), ".yaml"),
    "digits": ("a = 1\nb = " + "9" * 10_000, ".toml"),
    "hexadecimal": ("a = 0x" + "f" * 100_000, ".toml"),
    "surrogate": ('{"name": "a", "private": "\\ud800"}', ".json", ".yaml"),
    "zero byte": ('{"name": "a", "private": "\\u0000"}', ".json", ".yaml"),
    "not a number": ('{"name": "a", "thread_limit": NaN}', ".json"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_documents_are_one_fault(case):
    text, *suffixes = HOSTILE[case]
    for suffix in suffixes:
        document = parse(text, "x" + suffix)
        assert len(document.diagnostics) == 1, suffix
        assert not document.declared


def test_faults_do_not_fill_the_memory():
    text = "name: a\n" + "".join(f"unknown{number}: x\n" for number in range(5_000))
    document = parse(text)
    assert len(document.diagnostics) == 51
    assert document.diagnostics[-1].reason.endswith("more faults")


def test_a_large_honest_file_is_read():
    text = "".join(f"- name: c{number}\n  command: sleep 1\n" for number in range(1000))
    document = parse(text)
    assert len(document.declared) == 1000
    assert not document.diagnostics


def test_kinds_of_files():
    for name in ("a.CT", "a%b.CT", "a.yaml", "a.yml", "a.json", "a.toml"):
        assert is_source_name(name)
    for name in (
        ".a.yaml", ".a.CT.swp", "a.CT~", "#a.CT#", ".#a.CT", "4913", "a.CT.XyZ123", "a.tmp",
        "a.yaml.tmp", "a.CT.swp", "README.md", "CT", "a.ct",
    ):  # fmt: skip
        assert not is_source_name(name)
    assert "not a kind of file" in faults(parse("x", "a.txt"))[0]


def test_diagnostics_are_one_line():
    shown = str(Diagnostic("/d/a\nb\x1b[0m", 0, "x\ny", "r\u2028\udc80"))
    assert shown == "/d/a\\nb\\x1b[0m: x\\ny: r\\u2028\\udc80"

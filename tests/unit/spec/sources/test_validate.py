import os

from porto.spec.kinds import DIALECTS
from porto.spec.sources.validate import validate_files


def check(root, **files: str) -> list[str]:
    paths = []
    for name, text in files.items():
        path = root / name.replace("_", ".")
        path.write_text(text)
        paths.append(str(path))
    return [str(item).replace(f"{root}/", "") for item in validate_files(paths, DIALECTS)]


def test_valid_files_have_no_faults(tmp_path):
    assert check(tmp_path, a_yaml="name: a\n", b_CT="command = x\n") == []


def test_faults_name_file_line_property_and_reason(tmp_path):
    assert check(tmp_path, a_CT="command = x\nthread_limit = 12Q\n\nfoo\n") == [
        "a.CT:2: thread_limit: cannot be '12Q': unknown unit Q",
        "a.CT:4: the line has no '='",
    ]


def test_names_are_unique_over_all_files(tmp_path):
    assert check(tmp_path, a_yaml="- name: b\n- name: a\n", z_yaml="\nname: a\n") == [
        "z.yaml:2: name: 'a' is declared already by a.yaml:2"
    ]


def test_parents_are_declared(tmp_path):
    assert check(tmp_path, a_yaml="name: p/a\n", z_yaml="name: p/b/c\n", p_yaml="name: p\n") == [
        "z.yaml:1: name: no file declares the parent 'p/b' of 'p/b/c'"
    ]


def test_an_object_without_a_name_is_one_fault(tmp_path):
    assert check(tmp_path, a_yaml="command: x\n") == ["a.yaml:1: name: the container has no name"]


def test_one_child_needs_no_list(tmp_path):
    text = "name: web\ncontainers:\n  name: a\n  command: 7Q\n  thread_limit: 7Q\n"
    assert check(tmp_path, a_yaml=text) == [
        "a.yaml:5: thread_limit: cannot be '7Q': unknown unit Q"
    ]
    assert check(tmp_path, a_yaml="name: web\ncontainers: x\n") == [
        "a.yaml:2: containers: wants a list of containers"
    ]


def test_what_cannot_be_read_is_a_fault(tmp_path):
    os.mkfifo(tmp_path / "pipe.CT")
    paths = [str(tmp_path / name) for name in ("missing.CT", "pipe.CT")]
    assert [str(item).replace(f"{tmp_path}/", "") for item in validate_files(paths, DIALECTS)] == [
        "missing.CT: cannot be read: no such file or directory",
        "pipe.CT: it is a pipe, not a regular file",
    ]


def test_a_directory_stands_for_its_files(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.yaml").write_text("name: a\nrespawn: 3\n")
    assert [item.property for item in validate_files([str(tmp_path)], DIALECTS)] == ["respawn"]


def test_the_same_file_twice_is_no_duplicate(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("name: a\n")
    assert validate_files([str(path), str(path)], DIALECTS) == []


def test_whoever_may_write_a_file_may_have_it_validated(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("name: a\n")
    path.chmod(0o666)
    assert validate_files([str(path)], DIALECTS) == []
    assert validate_files([str(tmp_path)], DIALECTS) == []

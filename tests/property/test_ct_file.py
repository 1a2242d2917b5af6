"""`.CT` text and the documents built on it, for any input."""

from hypothesis import example, given
from hypothesis import strategies as st

from porto.spec.containers.spec import SPEC_PROPERTIES
from porto.spec.kinds import DIALECTS
from porto.spec.sources.ct_file import CtError, container_name, file_name, format_ct, read_ct
from porto.spec.sources.documents import SUFFIXES, parse_ct, parse_document

NAMES = st.from_regex(r"[a-zA-Z0-9_@:.-]{1,8}(/[a-zA-Z0-9_@:-]{1,8}){0,3}", fullmatch=True)
KEYS = st.from_regex(r"[a-z_]{1,12}(\[[A-Z.]{1,5}\])?", fullmatch=True).filter(
    lambda key: key != "name"
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
TRICKY = st.text(st.sampled_from("\\nrts \t\r\n#;=ax"), max_size=12)


@given(NAMES, st.dictionaries(KEYS, TEXTS | TRICKY, max_size=6))
@example("a", {"command": "printf 'a\\nb'"})
@example("a", {"command": "a\\\nb"})
def test_what_is_written_reads_back(name: str, values: dict[str, str]) -> None:
    entries, errors = read_ct(format_ct(name, values).encode())
    assert not errors
    assert {entry.key: entry.value for entry in entries} == {"name": name, **values}
    assert [entry.key for entry in entries] == ["name", *sorted(values)]


@given(NAMES, st.dictionaries(KEYS, TEXTS | TRICKY, max_size=6))
def test_old_readers_understand_all_but_what_they_never_could(
    name: str, values: dict[str, str]
) -> None:
    """The rules of the first implementation, written down once more."""
    text = format_ct(name, values)
    if "# escapes: full\n" in text:
        return
    found = {}
    for line in text.split("\n")[:-1]:
        if line[0] in "#;":
            continue
        key, separator, value = line.partition("=")
        assert separator
        found[key.strip()] = value.strip(" \t\r").replace("\\n", "\n")
    assert found == {"name": name, **values}


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-16")))
def test_no_bytes_break_a_reader(data: bytes) -> None:
    for suffix in SUFFIXES:
        document = parse_document(data, "x" + suffix, DIALECTS)
        assert document.diagnostics or document.declared


STRUCTURED = st.text(st.sampled_from("name: ax\n-[]{}\"'=#\\,&*!|>\t.1"), max_size=60)


@given(STRUCTURED)
def test_no_text_breaks_a_reader(text: str) -> None:
    for suffix in SUFFIXES:
        document = parse_document(text.encode(), "x" + suffix, DIALECTS)
        assert document.diagnostics or document.declared
        for fault in document.diagnostics:
            assert 0 <= fault.line <= text.count("\n") + 1
            assert "\n" not in str(fault)


@given(NAMES)
def test_names_of_files_are_names_of_containers(name: str) -> None:
    assert container_name(file_name(name)) == name


@given(st.sets(st.sampled_from(SPEC_PROPERTIES), max_size=8))
def test_saved_properties_are_declared_again(properties: set) -> None:
    chosen = {
        prop: prop.codec.parse(prop.prop.example)
        for prop in properties
        if prop.prop.saved and not prop.name.startswith("command")
    }
    texts = {prop.name: prop.codec.format(value) for prop, value in chosen.items()}
    document = parse_ct(format_ct("a", texts).encode(), "a.CT", DIALECTS)
    assert not document.diagnostics
    (container,) = document.declared
    assert {prop.name: value for prop, value in container.values.items()} == {
        prop.name: value for prop, value in chosen.items()
    }


@given(st.text(max_size=5), st.text(max_size=5))
def test_what_cannot_be_written_is_refused(key: str, value: str) -> None:
    try:
        text = format_ct("a", {key: value})
    except CtError:
        return
    entries, errors = read_ct(text.encode())
    assert not errors
    assert [(entry.key, entry.value) for entry in entries] == [("name", "a"), (key, value)]

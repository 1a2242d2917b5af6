"""portoctl completion: the completion code for bash, made from the table of commands.

Called by `main`; packagers write its output to
``/usr/share/bash-completion/completions/portoctl``.
"""

from __future__ import annotations

from porto.cli.portoctl.commands import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.usage import Options

_TEMPLATE = """\
# bash completion for portoctl, printed by "portoctl completion"
_portoctl() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} verb="" at=0 index
    for (( index = 1; index < COMP_CWORD; index++ )); do
        case ${{COMP_WORDS[index]}} in
            -t|--timeout|--disk-timeout|--socket) (( index++ )) ;;
            -*) ;;
            *) verb=${{COMP_WORDS[index]}}; at=$index; break ;;
        esac
    done
    if [[ -z $verb ]]; then
        COMPREPLY=( $(compgen -W "{commands} help" -- "$word") )
        return
    fi
    if [[ $word == -* ]]; then
        case $verb in
{options}
        esac
        return
    fi
    case $verb in
        {files})
            compopt -o default
            COMPREPLY=() ;;
        help)
            COMPREPLY=( $(compgen -W "{commands}" -- "$word") ) ;;
        {properties})
            if (( COMP_CWORD > at + 1 )); then
                COMPREPLY=( $(compgen -W "$(portoctl plist 2>/dev/null | cut -d' ' -f1)" \\
                    -- "$word") )
            else
                COMPREPLY=( $(compgen -W "$(portoctl list -1 2>/dev/null)" -- "$word") )
            fi ;;
        *)
            COMPREPLY=( $(compgen -W "$(portoctl list -1 2>/dev/null)" -- "$word") ) ;;
    esac
}}
complete -F _portoctl portoctl
"""

_FILES = "validate|apply|plan"
_PROPERTIES = "get|set|pget|dget|run|exec"


def script() -> str:
    """The completion code."""
    options = [
        f"            {name}) COMPREPLY=( $(compgen -W "
        f'"{" ".join("-" + letter for letter in row[2] if letter != ":")}" -- "$word") ) ;;'
        for name, row in COMMANDS.items()
        if row[2]
    ]
    return _TEMPLATE.format(
        commands=" ".join(COMMANDS),
        options="\n".join(options),
        files=_FILES,
        properties=_PROPERTIES,
    )


def completion(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Print the completion code."""
    print(script(), end="")
    return 0

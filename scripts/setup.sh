# Shared by quickstart and test: Debian packages, virtual environment, messages.
# Sourced, never run. Expects `root` (the checkout) and sets `python`.
# Every failure ends the script through `fail`: what failed, then what to do.
# shellcheck shell=bash

export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

say() { printf '==> %s\n' "$*"; }

fail() {
  printf '\n%s: %s\n' "${0##*/}" "$1" >&2
  shift
  local line
  for line in "$@"; do printf '    %s\n' "$line" >&2; done
  exit 1
}

is_root() { [ "$(id -u)" = 0 ]; }

package_missing() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" != installed ]
}

# install_packages PACKAGE...: those of the list that are missing. A machine without apt
# is left as it is: what is really missing shows itself by name later.
install_packages() {
  command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || return 0
  local package missing=()
  for package in "$@"; do
    if package_missing "$package"; then missing+=("$package"); fi
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  is_root || fail "these Debian packages are missing: ${missing[*]}" \
    "run it as root, or first: sudo apt-get install ${missing[*]}"
  say "installing Debian packages: ${missing[*]}"
  local log
  log=$(mktemp)
  # The lists may be absent (bare machine) or old (the named version is gone): update then.
  if ! apt_install "${missing[@]}" >"$log" 2>&1; then
    say "updating the package lists"
    apt-get update -q >"$log" 2>&1 ||
      { tail -n 15 "$log" >&2; rm -f "$log"
        fail "apt-get update failed" "check the network and /etc/apt, then run this again"; }
    apt_install "${missing[@]}" >"$log" 2>&1 ||
      { tail -n 25 "$log" >&2; rm -f "$log"
        fail "apt-get install ${missing[*]} failed" "see apt's words above"; }
  fi
  rm -f "$log"
}

apt_install() { apt-get install -q -y --no-install-recommends "$@" </dev/null; }

# find_interpreter: path of a Python >= 3.11 on stdout, the interpreter itself and not a
# version switcher's stand-in. $PORTO_PYTHON, then Debian's, then the first on PATH.
find_interpreter() {
  local candidate path
  for candidate in "${PORTO_PYTHON:-}" /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
    [ -n "$candidate" ] || continue
    path=$("$candidate" -I -c '
import sys
if sys.version_info < (3, 11): sys.exit(1)
print(sys.executable)' 2>/dev/null) || continue
    printf '%s\n' "$path"
    return 0
  done
  return 1
}

# install_into VENV GROUP...: the package and its dependency groups, in a virtual
# environment. Done once for each state of the files that say what is needed. Inside the
# checkout the package is installed by reference (an edit counts at once), elsewhere as a
# copy. Sets `python`.
install_into() {
  local venv=$1 wanted group interpreter log inside=no
  shift
  case $venv/ in "$root"/*) inside=yes ;; esac
  python=$venv/bin/python
  wanted=$(needs_sum "$inside")
  if stamped "$venv/installed" "$wanted" "$@" && "$python" -c 'import porto' 2>/dev/null; then
    return 0
  fi
  log=$(mktemp)
  if ! "$python" -I -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    interpreter=$(find_interpreter) || fail "no Python >= 3.11 found" \
      "install one (Debian 12: apt-get install python3) or set PORTO_PYTHON to its path"
    say "making the virtual environment $venv ($("$interpreter" -V 2>&1))"
    "$interpreter" -m venv --clear "$venv" >"$log" 2>&1 ||
      { tail -n 15 "$log" >&2; rm -f "$log"
        fail "cannot make the virtual environment $venv" \
          "Debian needs the package python3-venv; a full disk is another usual cause"; }
  fi
  say "installing porto${*:+ and its dependencies for $*} in $venv"
  local packages=("$root")
  if [ "$inside" = yes ]; then packages=(-e "$root"); else rm -rf "$root/build/lib"; fi
  for group in "$@"; do
    mapfile -t -O ${#packages[@]} packages < <(
      "$python" "$root/scripts/requirements.py" "$root/pyproject.toml" "$group")
  done
  grep -qxF "$wanted" "$venv/installed" 2>/dev/null || rm -f "$venv/installed"
  "$python" -m pip install -q --disable-pip-version-check --no-input \
    --root-user-action=ignore "${packages[@]}" >"$log" 2>&1 </dev/null ||
    { tail -n 25 "$log" >&2; rm -f "$log"
      fail "pip install failed" "see pip's words above; pip's own configuration and environment" \
        "(PIP_INDEX_URL, PIP_CERT, https_proxy and the like) are used as they are"; }
  rm -f "$log"
  # Commands start faster from compiled modules, which some environments forbid to save.
  if [ "$inside" = yes ]; then "$python" -m compileall -q "$root/porto" >/dev/null || true; fi
  printf '%s\n' "$wanted" "$@" >>"$venv/installed"
}

# needs_sum INSIDE: a checksum of all that an installation is made of.
needs_sum() {
  (
    cd "$root"
    shopt -s nullglob
    cat pyproject.toml setup.py porto/launcher/*.[ch]
    if [ "$1" = no ]; then find porto -name '*.py' -print0 | LC_ALL=C sort -z | xargs -0 cat; fi
  ) 2>/dev/null | cksum
}

# stamped FILE LINE...: whether the file has all these lines.
stamped() {
  local file=$1 line
  shift
  for line in "$@"; do grep -qxF -- "$line" "$file" 2>/dev/null || return 1; done
}

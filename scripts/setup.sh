#!/usr/bin/env bash
# Installs what Squall needs to build, run and test, from the distribution's own packages. Idempotent: it asks
# dpkg first and touches nothing when all is there. It starts no service.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: scripts/setup.sh [--check] [--with-ci]
  --check    install nothing; print what is missing; exit 1 if anything is
  --with-ci  also what .ci/run needs: clang 19 with its sanitizers and clang-tidy, shellcheck
Exit codes: 0 all there, 1 something missing (--check) or apt failed, 2 not a system this script can set up.
EOF
}

check_only=false
with_ci=false
for argument in "$@"; do
  case $argument in
    --check) check_only=true ;;
    --with-ci) with_ci=true ;;
    -h | --help) usage; exit 0 ;;
    *) echo "setup.sh: unknown option '$argument'" >&2; usage >&2; exit 2 ;;
  esac
done

# One line each: the package, or alternatives of which the first that exists is taken.
packages=(
  g++ cmake ninja-build pkg-config git ca-certificates procps util-linux
  "libboost1.81-dev libboost-dev"   # Asio and Beast; Debian 12's default Boost is too old
  libssl-dev libnats-dev libcpp-httplib-dev libcli11-dev libyaml-cpp-dev nlohmann-json3-dev
  libfmt-dev prometheus-cpp-dev libzstd-dev libpugixml-dev
  libgtest-dev libgmock-dev bats jq curl python3
)
if $with_ci; then
  packages+=(clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev shellcheck)
fi
# nats-server is needed too, but one that is already on PATH (or named) serves as well.
if [[ -z ${SQUALL_NATS_SERVER:-} ]] && ! PATH="$PATH:/usr/sbin" command -v nats-server >/dev/null; then
  packages+=(nats-server)
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  cat >&2 <<EOF
setup.sh: this system has no apt. Please install by its own means, then run the script you came from with
SQUALL_SKIP_SETUP=1. Needed (Debian's names):
$(printf '  %s\n' "${packages[@]}" nats-server)
A C++23 compiler (GCC 12 or newer), CMake 3.25, Boost 1.81 and nats-server 2.9 are the oldest that will do.
EOF
  exit 2
fi

# Whether apt could install it. (apt-cache show also succeeds for a name that only others mention.)
available() { [[ $(apt-cache policy "$1" 2>/dev/null) =~ Candidate:\ [^\(] ]]; }
installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

missing=()
for entry in "${packages[@]}"; do
  # shellcheck disable=SC2086  # an entry is a list of alternatives
  set -- $entry
  found=false
  for name in "$@"; do
    # The second alternative only counts where the first does not exist.
    if installed "$name"; then found=true; break; fi
    if available "$name"; then break; fi
  done
  $found || missing+=("$entry")
done

if [[ ${#missing[@]} -eq 0 ]]; then
  echo "setup: everything is installed"
  exit 0
fi
if $check_only; then
  printf 'setup: missing: %s\n' "${missing[*]}"
  exit 1
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "setup.sh: missing: ${missing[*]}" >&2
    echo "setup.sh: installing needs root or sudo; run it as root once, or install these yourself" >&2
    exit 2
  fi
  as_root=(sudo)
fi

echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get -qq update

chosen=()
unknown=()
for entry in "${missing[@]}"; do
  # shellcheck disable=SC2086
  set -- $entry
  pick=
  for name in "$@"; do
    if available "$name"; then pick=$name; break; fi
  done
  if [[ -n $pick ]]; then chosen+=("$pick"); else unknown+=("$entry"); fi
done
if [[ ${#unknown[@]} -gt 0 ]]; then
  # shellcheck disable=SC1091
  system=$(. /etc/os-release && echo "${PRETTY_NAME:-this system}")
  echo "setup.sh: $system has no package: ${unknown[*]}" >&2
  echo "setup.sh: Squall is set up by apt on Debian 12 and newer and on Ubuntu 24.04 (with 'universe' enabled)" >&2
  exit 2
fi

# Debian's nats-server package starts a service; ours are started by Squall, on ports of their own.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  "${as_root[@]}" sh -c "printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get -qq -y --no-install-recommends install "${chosen[@]}" >/dev/null
echo "setup: installed ${chosen[*]}"

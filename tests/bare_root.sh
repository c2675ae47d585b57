#!/usr/bin/env bash
# Tries the README as a new user would: makes a bare Debian root with debootstrap, clones this checkout's HEAD into
# it, and runs the given commands there (default: both README commands, each twice). Needs root, debootstrap and
# the Debian mirror; everything in the root ends with this script (a pid namespace), and nothing outside is touched.
# usage: tests/bare_root.sh SUITE [COMMAND ...]     e.g. tests/bare_root.sh trixie ./scripts/chaos_test.sh
set -euo pipefail
cd "$(dirname "$0")/.."

suite=${1:?usage: tests/bare_root.sh SUITE [COMMAND ...]}
shift
commands=("$@")
if ((${#commands[@]} == 0)); then
  commands=(./scripts/chaos_test.sh ./scripts/test.sh ./scripts/chaos_test.sh ./scripts/test.sh)
fi
[[ $(id -u) -eq 0 ]] || { echo "bare_root.sh: needs root" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "bare_root.sh: needs debootstrap (apt-get install debootstrap)" >&2; exit 2; }

mirror=${SQUALL_DEBIAN_MIRROR:-http://deb.debian.org/debian}
root=$(mktemp -d "${TMPDIR:-/tmp}/squall-root-XXXXXX")
chmod 755 "$root"  # apt fetches as a user of its own
trap 'rm -rf --one-file-system "$root"' EXIT
debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$root.log" 2>&1 || { tail "$root.log" >&2; exit 3; }
rm -f "$root.log"
cp /etc/resolv.conf "$root/etc/resolv.conf"
git clone -q --no-hardlinks . "$root/squall"

for command in "${commands[@]}"; do
  echo "=== $suite: $command"
  started=$SECONDS
  status=0
  # The inner shell stays, as the namespace's init: it reaps what others leave.
  # shellcheck disable=SC2016  # $1 and $2 are its own
  unshare --mount --pid --fork --kill-child bash -c '
    mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount --make-rslave "$1/dev" &&
      chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        bash -c "cd /squall && $2"
    exit' _ "$root" "$command" || status=$?
  echo "=== $suite: $command: exit code $status after $((SECONDS - started)) s"
  ((status == 0)) || exit "$status"
done

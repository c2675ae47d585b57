#!/usr/bin/env bash
# Builds squall as one program that needs nothing but libc, and packs it as a .deb and a tarball in dist/, with
# checksums. A CI job that installs either needs no compiler and no library.
# usage: scripts/package.sh [--check]
#   --check  also runs the packed program in a bare Debian root, made with debootstrap (needs root and the mirror)
# Exit codes: 0 packed, 1 the build or a check failed, 2 bad usage
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

check=
case ${1:-} in
  '') ;;
  --check) check=1 ;;
  -h | --help) sed -n '2,6s/^# //p' "$0"; exit 0 ;;
  *) sed -n '4,6s/^# //p' "$0" >&2; exit 2 ;;
esac

scripts/build.sh package squall
program=build/package/bin/squall
version=$(sed -n 's/^project(squall VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
architecture=$(dpkg --print-architecture)

# Beyond libc (and the loader, which belongs to it) nothing may be asked for.
needed=$(objdump -p "$program" | awk '$1 == "NEEDED" {print $2}' | grep -vE '^(libc|libm|ld-linux.*)\.so' || true)
[[ -z $needed ]] || { echo "package.sh: $program needs $needed" >&2; exit 1; }
glibc=$(objdump -T "$program" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)

stage=$(mktemp -d "${TMPDIR:-/tmp}/squall-package-XXXXXX")
trap 'rm -rf "$stage"' EXIT
root=$stage/root/usr
mkdir -p "$root/bin" "$root/share/squall/docs" "$root/share/doc/squall" dist
install -m 755 "$program" "$root/bin/squall"
strip --strip-debug "$root/bin/squall"
"$root/bin/squall" schema >"$root/share/squall/experiment.schema.json"
# Folders lie to each other as they do here: the pages' links hold, and `squall list` looks in share/squall/experiments.
git ls-files examples experiments | while IFS= read -r file; do
  install -D -m "$([[ -x $file ]] && echo 755 || echo 644)" "$file" "$root/share/squall/$file"
done
for page in getting-started experiments experiment-reference faults checkers ci proxy ledger-format adding-a-fault; do
  install -m 644 "docs/$page.md" "$root/share/squall/docs/$page.md"
done
ln -s ../../squall/docs "$root/share/doc/squall/docs"
install -m 644 LICENSE "$root/share/doc/squall/copyright"

name=squall-$version-linux-$architecture
mkdir "$stage/$name"
cp -a "$root/." "$stage/$name/"
# The same files give the same archive.
tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" \
  -czf "dist/$name.tar.gz" "$name"

mkdir "$stage/root/DEBIAN"
cat >"$stage/root/DEBIAN/control" <<EOT
Package: squall
Version: $version
Architecture: $architecture
Maintainer: Squall <squall@localhost>
Section: net
Priority: optional
Depends: libc6 (>= ${glibc#GLIBC_})
Recommends: nats-server
Description: controlled chaos tests for systems on NATS and JetStream
 Squall starts or attaches to a system, kills and disturbs parts of it at chosen
 moments, and says with evidence how long it took to recover and whether an
 acknowledged message was lost.
EOT
deb=dist/squall_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$stage/root" "$deb" >/dev/null
(cd dist && sha256sum "$name.tar.gz" "${deb#dist/}" >SHA256SUMS)
echo "packed dist/$name.tar.gz and $deb (libc ${glibc#GLIBC_} or newer)"

if [[ -n $check ]]; then
  bare=$stage/bare
  debootstrap --variant=minbase bookworm "$bare" "${SQUALL_DEBIAN_MIRROR:-http://deb.debian.org/debian}" \
    >"$stage/debootstrap.log" 2>&1 || { tail "$stage/debootstrap.log" >&2; exit 1; }
  cp "$deb" "$bare/tmp/"
  tar -C "$bare/opt" -xzf "dist/$name.tar.gz"
  # Nothing is installed there but this package.
  chroot "$bare" dpkg --force-not-root -i "/tmp/${deb#dist/}" >/dev/null
  chroot "$bare" /usr/bin/squall version
  chroot "$bare" "/opt/$name/bin/squall" explain kill >/dev/null
  chroot "$bare" /usr/bin/squall list /usr/share/squall/experiments >/dev/null
  chroot "$bare" ldd /usr/bin/squall
  echo "package.sh: the packed program runs in a bare Debian root"
fi

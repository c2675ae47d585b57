#!/usr/bin/env bash
# Style and static analysis: house rules, shellcheck, clang-format, clang-tidy.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

usage() {
  cat <<'EOF'
usage: scripts/lint.sh [--all | --since COMMIT]
  --all           clang-tidy every source (minutes)
  --since COMMIT  clang-tidy what changed since COMMIT (default: the last commit)
EOF
}

since=HEAD~1
case ${1:-} in
  "") ;;
  --all) since= ;;
  --since) since=${2:?--since needs a commit} ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

tests/lint/house_rules.sh

mapfile -t shell_scripts < <(git ls-files '*.sh' .ci/run)
shellcheck "${shell_scripts[@]}"
echo "shellcheck: ${#shell_scripts[@]} scripts are clean"

mapfile -t sources < <(git ls-files '*.cpp' '*.h')
clang-format-19 --dry-run --Werror "${sources[@]}"
echo "clang-format: ${#sources[@]} files are formatted"

if [[ -z $since ]]; then
  mapfile -t tidied < <(git ls-files '*.cpp')
elif git rev-parse -q --verify "$since" >/dev/null; then
  mapfile -t tidied < <(git diff --name-only --diff-filter=d "$since" -- '*.cpp')
else
  tidied=() # a shallow clone or the first commit: nothing to compare with
fi
if [[ ${#tidied[@]} -gt 0 ]]; then
  [[ -f build/tidy/compile_commands.json ]] || cmake --preset tidy >/dev/null
  cmake --preset tidy >/dev/null
  printf '%s\n' "${tidied[@]}" | xargs -P 2 -n 2 clang-tidy-19 -p build/tidy --quiet 2> >(grep -v 'warnings generated' >&2 || true)
fi
echo "clang-tidy: ${#tidied[@]} files are clean"

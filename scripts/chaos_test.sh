#!/usr/bin/env bash
# The main job: controlled chaos tests on a real nats-server and a real supervised router.
# Pre-flight, build, start NATS, run, collect evidence, report. Leaves a log and a run folder in _artifacts/.
set -euo pipefail
# A relative folder is the caller's.
if [[ -n ${SQUALL_ARTIFACTS:-} && $SQUALL_ARTIFACTS != /* ]]; then export SQUALL_ARTIFACTS=$PWD/$SQUALL_ARTIFACTS; fi
cd "$(dirname "$(readlink -f "$0")")/.."

usage() {
  cat <<'EOF'
usage: scripts/chaos_test.sh [--dry-run] [--repeat N] [--only TEST] [--keep-running] [--help]

Runs the controlled suite: kills NATS (SIGKILL, SIGTERM, SIGINT), kills the router's supervisor and one of its
roles, delays and drops acks and PubAcks, cuts the path to the broker; measures time to green; proves from a
ledger that nothing was lost.

  --dry-run       print the pre-flight and the plan; start, install and build nothing
  --repeat N      trials of each recovery SLO test (default 10; 59 give a real p95)
  --only TEST     run one test (a name from the plan; * is a wildcard)
  --keep-running  afterwards leave a broker, a router and a worker up until Ctrl-C, for a look around
  --help          this text

Leaves _artifacts/chaos_test_<time>.log and _artifacts/<time>-router-chaos/ (report.html, report.md, junit.xml,
verdict.json, timeline, ledger, logs). SQUALL_ARTIFACTS names another folder, SQUALL_NATS_SERVER another broker.

Exit codes: 0 all pass, 1 a property was violated, 2 wrong usage, 3 inconclusive or the environment failed,
4 something could not be undone, 70 internal error, 130/143 interrupted and cleaned up.
EOF
}

usage_error() {
  echo "chaos_test.sh: $1" >&2
  echo "chaos_test.sh: --help lists the options" >&2
  exit 2
}

# The names of the tests, from the source: there may be no build yet.
test_names() {
  sed -n 's/^TEST(router_chaos_controlled_suite, \([a-z_0-9]*\)).*/\1/p' \
    tests/router_chaos/router_chaos_controlled_suite.cpp
}

dry_run=false
only=
suite_options=()
while (($# > 0)); do
  case $1 in
    --dry-run) dry_run=true ;;
    --repeat)
      [[ ${2:-} =~ ^[1-9][0-9]{0,3}$ ]] || usage_error "--repeat needs a number from 1 to 9999, got '${2:-}'"
      suite_options+=(--repeat "$2")
      shift
      ;;
    --only)
      [[ -n ${2:-} ]] || usage_error "--only needs the name of a test (--dry-run lists them)"
      [[ -z $only ]] || usage_error "--only is given twice; * is a wildcard: --only 'test_nats_*'"
      only=$2
      # shellcheck disable=SC2053  # a pattern is what it is
      while IFS= read -r name; do [[ $name != $only ]] || matches=true; done < <(test_names)
      [[ -n ${matches:-} ]] || usage_error "no test is called '$only'; there are: $(test_names | tr '\n' ' ')"
      suite_options+=(--only "$only")
      shift
      ;;
    --keep-running) suite_options+=(--keep-running) ;;
    -h | --help) usage; exit 0 ;;
    *) usage_error "unknown option '$1'" ;;
  esac
  shift
done

artifacts=${SQUALL_ARTIFACTS:-_artifacts}
suite=build/dev/bin/router_chaos_controlled_suite

# --- Pre-flight: everything that is wrong, at once.
problems=()
if ! setup_state=$(scripts/setup.sh --check 2>&1); then
  # Missing packages are installed below; a dry run only says so.
  if ! command -v apt-get >/dev/null && [[ -z ${SQUALL_SKIP_SETUP:-} ]]; then
    problems+=("this system has no apt: run scripts/setup.sh for the list of what is needed")
  fi
fi
if [[ -n ${SQUALL_NATS_SERVER:-} && ! (-f $SQUALL_NATS_SERVER && -x $SQUALL_NATS_SERVER) ]]; then
  problems+=("SQUALL_NATS_SERVER=$SQUALL_NATS_SERVER is not an executable file")
fi
# What exists of its path, which is where the rest would be made.
existing=$artifacts
room_for() { # $1: MiB, $2: a path, $3: what it is for
  local free_kib
  free_kib=$(df -Pk "$2" | awk 'NR == 2 {print $4}')
  ((free_kib >= $1 * 1024)) || problems+=("only $((free_kib / 1024)) MiB free at $2: $3 needs $1 MiB")
}
until [[ -e $existing ]]; do existing=$(dirname "$existing"); done
if [[ -e $artifacts && ! -d $artifacts ]]; then
  problems+=("$artifacts exists and is not a folder: move it away, or set SQUALL_ARTIFACTS")
elif ! probe=$(mktemp "$existing/.write-XXXXXX" 2>/dev/null); then
  problems+=("$existing is not writable: change its owner, or set SQUALL_ARTIFACTS to another folder")
else
  rm -f "$probe"
fi
room_for 64 "$existing" "the evidence (SQUALL_ARTIFACTS names another folder)"
[[ -x $suite ]] || room_for 1024 . "the build"
if [[ ! -r /proc/self/stat ]]; then problems+=("/proc is not mounted"); fi

report_problems() {
  ((${#problems[@]} == 0)) && return 0
  echo "preflight  ${#problems[@]} problem(s):" >&2
  printf '  - %s\n' "${problems[@]}" >&2
  return 1
}

if $dry_run; then
  echo "dry run    nothing is installed, built, started or killed"
  echo "preflight  ${setup_state}"
  report_problems || exit 3
  if [[ -x $suite ]]; then
    exec "$suite" --plan "${suite_options[@]}"
  fi
  echo "plan       not built yet; after set-up and build (cmake --preset dev) these tests would run:"
  # shellcheck disable=SC2053  # a pattern is what it is
  test_names | while IFS= read -r name; do [[ $name != ${only:-*} ]] || echo "           $name"; done
  exit 0
fi
report_problems || exit 3

mkdir -p "$artifacts"
stem=$artifacts/chaos_test_$(date +%Y%m%d_%H%M%S)
log=$stem.log
# Two runs that begin in the same second have a log each.
for ((number = 2; number < 100; ++number)); do
  if (set -o noclobber && : >"$log") 2>/dev/null; then break; fi
  log=${stem}_$number.log
done
# The log gets everything but the suite's live line, which goes to the terminal (descriptor 3) alone.
exec 3>&1
# Signals to the whole group (Ctrl-C, a closed terminal, timeout) reach tee too, and there is a report to come.
exec > >(trap '' INT TERM HUP; exec tee -a "$log") 2>&1
tee_pid=$!
# On every way out, the last lines are in the log before this script is gone.
trap 'exec >&- 2>&-; wait "$tee_pid" 2>/dev/null || true' EXIT
echo "squall     controlled chaos tests, $(date -u +%FT%TZ)"

# Build and suite have sessions of their own, so that a terminal's Ctrl-C reaches them once, through this script.
# They die with it, and their children with them, whatever happens (also SIGKILL).
child=
group=  # "-": signals go to all of the child's processes
signal=
pass_on() {
  signal=$1
  [[ -n $child ]] || return 0
  # A shell's background process begins in the shell's group and ignores SIGINT, until setsid and env have ended
  # both: a signal before that would be lost.
  while ignores_sigint "$child"; do sleep 0.01; done
  kill -s "$1" -- "$group$child" 2>/dev/null || true
}
ignores_sigint() {
  local key value
  while read -r key value; do
    if [[ $key == SigIgn: ]] && ((16#$value & 2)); then return 0; fi
  done 2>/dev/null <"/proc/$1/status"
  return 1 # or it is gone
}
trap 'pass_on INT' INT
trap 'pass_on TERM' TERM HUP

# Runs a command and leaves its exit code in `status`. Until the command has its own answer to SIGINT, the signal
# is to end it.
run_child() {
  setsid env --default-signal=INT setpriv --pdeathsig "$1" "${@:2}" &
  child=$!
  [[ -z $signal ]] || pass_on "$signal" # it came before there was anybody to pass it on to
  while true; do
    status=0
    wait "$child" || status=$?
    # wait also returns when a trapped signal arrived; the child is still cleaning up then.
    kill -0 "$child" 2>/dev/null || break
  done
  child=
}

group=-
run_child TERM scripts/build.sh dev router_chaos_controlled_suite router router-worker squall
if [[ -n $signal ]]; then
  echo "chaos_test.sh: ended during the build, by SIG$signal; nothing was started"
  exit "$([[ $signal == INT ]] && echo 130 || echo 143)"
fi
if ((status != 0)); then
  ((status == 2)) || status=3 # no set-up for this system; else the environment failed, and no property
  exit "$status"
fi

group=
run_child KILL "$suite" --artifacts "$artifacts" --log "$log" --live-fd 3 "${suite_options[@]}"
echo "log        $log"
exit "$status"

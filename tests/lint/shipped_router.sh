#!/usr/bin/env bash
# What is shipped has no planted defects: the router of a release build neither knows the option nor contains the
# code.   usage: shipped_router.sh ROUTER
set -euo pipefail

router=${1:?usage: shipped_router.sh ROUTER}
[[ -x $router ]] || { echo "shipped_router: $router is not there" >&2; exit 2; }

status=0
said=$("$router" run --defect no_message_id --config /no/such/configuration 2>&1) || status=$?
if [[ $status != 2 || $said != *"--defect"* ]]; then
  echo "shipped_router: '$router run --defect' ended with $status, not as wrong usage: $said" >&2
  exit 1
fi
if "$router" run --help | grep -q -- --defect; then
  echo "shipped_router: the help of '$router run' offers --defect" >&2
  exit 1
fi
if grep -qaF PLANTED_DEFECT "$router"; then
  echo "shipped_router: $router contains a planted defect" >&2
  exit 1
fi
echo "shipped_router: $router has no planted defects"

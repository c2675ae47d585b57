#!/usr/bin/env bash
# The house rules that a machine can check: layers, unique names, forbidden words and calls. docs/architecture.md
# says why each is there. Prints every breach as file:line and exits 1 if there is one.
set -euo pipefail
cd "$(dirname "$0")/../.."

breaches=0
breach() {
  echo "$*"
  breaches=$((breaches + 1))
}

# --- Layers: which folders a folder may include besides itself. Folders of one level never include each other.
declare -A level=(
  [base]=0 [wire]=1 [ledger]=1 [evidence]=1 [process]=1 [http]=1 [fault]=2 [check]=2 [client]=2
  [probe]=3 [proxy]=3 [cluster]=3 [workload]=3 [inject]=4 [control]=4 [experiment]=5 [report]=5 [run]=6 [draft]=7 [cli]=8
)
while IFS=: read -r file line include; do
  folder=${file#src/}
  folder=${folder%%/*}
  target=${include#*\"}
  target=${target%%/*}
  [[ -n ${level[$target]:-} && $target != "$folder" ]] || continue
  if [[ -z ${level[$folder]:-} ]]; then
    breach "$file:$line: folder '$folder' has no level in tests/lint/house_rules.sh"
  elif ((level[$target] >= level[$folder])); then
    breach "$file:$line: layer: $folder must not include $target"
  fi
done < <(grep -rn '#include "[a-z_]*/' src --include='*.h' --include='*.cpp' || true)

# The router is a system under test like any other: of the tool it may use only these.
while IFS=: read -r file line include; do
  [[ $include == *'"base/'* || $include == *'"process/spawn.h"'* ]] && continue
  target=${include#*\"}
  target=${target%%/*}
  [[ -n ${level[$target]:-} ]] && breach "$file:$line: the router must not include the tool's $target"
done < <(grep -rn '#include "[a-z_]*/' router --include='*.h' --include='*.cpp' || true)

# Pure folders: no sockets, clocks, threads or files.
while IFS= read -r hit; do
  [[ -n $hit ]] && breach "$hit: wire, ledger, check and fault are pure (no sockets, clocks, threads, files)"
done < <(grep -rnE '#include <(boost/asio|thread|mutex|sys/socket|fstream|unistd)|base::(now|wall_now)\(' \
  src/wire src/ledger src/check src/fault --include='*.h' --include='*.cpp' 2>/dev/null |
  grep -vE '_(test|fuzz|bench)\.cpp:|/(undo_journal|journal)[a-z_]*\.(h|cpp):' | cut -d: -f1,2 || true)

# --- Third-party headers have one place each.
only_in() { # pattern, allowed path regex, name
  while IFS= read -r hit; do
    [[ -n $hit ]] && breach "$hit: $3 belongs only in $2"
  done < <(grep -rnE "$1" src router tests --include='*.h' --include='*.cpp' | grep -vE "^($2)" | cut -d: -f1,2 || true)
}
only_in '#include <boost/beast' 'src/http/' 'Boost.Beast'
only_in '#include <nats/' 'router/nats/|tests/support/libnats_client_main\.cpp' 'libnats'
only_in '^[^/]*asio::detached' 'none' 'asio::detached (use base::TaskGroup)'
only_in '\b(pkill|killall)\b' 'none' 'killing by name'
only_in 'std::(mutex|shared_mutex|recursive_mutex)' 'router/|tests/' 'a lock (the tool passes values instead)'

# GCC 12 destroys aggregate temporaries of a co_await expression twice.
while IFS= read -r hit; do
  [[ -n $hit ]] && breach "$hit: name the braced argument before the co_await (GCC 12 destroys it twice)"
done < <(grep -rnE 'co_await [^;]*[({,] ?\{[.\"]' src tests --include='*.h' --include='*.cpp' | cut -d: -f1,2 || true)

# --- Base names are unique in the repository, and say what is inside.
while IFS= read -r name; do
  breach "base name '$name' is used more than once: $(git ls-files "*/$name" | tr '\n' ' ')"
done < <(git ls-files 'src/*' 'router/*' 'tests/*' | grep -E '\.(h|cpp)$' | sed 's|.*/||' | grep -v '^main\.cpp$' | sort | uniq -d)
while IFS= read -r file; do
  breach "$file: no manager, helper, handler, util, data, common or core in names"
done < <(git ls-files 'src/*' 'router/*' 'tests/*' | grep -E '\.(h|cpp)$' |
  grep -E '(manager|helper|handler|utils?|common|core|data)[_.]' | grep -v 'router_chaos_helper' || true)

# --- Each preset of the NATS faults has its paragraph.
while IFS= read -r preset; do
  grep -q "^\*\*$preset\*\*" docs/faults.md || breach "docs/faults.md: no paragraph for the preset $preset"
done < <(grep -oE 'Entry\{\{"[a-z_]+"' src/fault/nats_presets.cpp | cut -d'"' -f2)

for kind in $(sed -n '/kKinds{/,/};/p' src/fault/link_fault.cpp | grep -oE '"[a-z_]+"' | tr -d '"' | grep -v '^nats$'); do
  grep -q "^\*\*$kind\*\*" docs/faults.md || breach "docs/faults.md: no paragraph for the fault of bytes $kind"
done

# --- Headers guard themselves.
while IFS= read -r header; do
  grep -q '^#pragma once' "$header" || breach "$header: no #pragma once"
done < <(git ls-files 'src/*.h' 'router/*.h' 'tests/*.h')

# --- Sources stay easy to enter.
while read -r lines file; do
  ((lines > 450)) && breach "$file: $lines lines; split it (limit 450)"
done < <(git ls-files 'src/*.cpp' 'src/*.h' 'router/*.cpp' 'router/*.h' 'tests/*.cpp' 'tests/*.h' | xargs -r wc -l | grep -v ' total$')

if ((breaches > 0)); then
  echo "house rules: $breaches broken"
  exit 1
fi
echo "house rules: kept"

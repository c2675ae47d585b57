# scripts/setup.sh on systems that are not this one: a PATH with stand-ins for dpkg, apt and sudo. Nothing is
# installed; what would have been is in $work/calls.

setup() {
  cd "$BATS_TEST_DIRNAME/../.." || return
  work=$(mktemp -d)
  mkdir "$work/bin"
  for tool in bash cat env rm sed grep; do ln -s "$(type -P "$tool")" "$work/bin/$tool"; done
  stand_in nats-server 'exit 0'
  stand_in dpkg-query 'for name in "$@"; do :; done; grep -qx -- "$name" "$WORK/absent" || echo installed'
  stand_in apt-cache 'grep -qx -- "$2" "$WORK/unknown" || echo "  Candidate: 1.0"'
  stand_in apt-get 'echo "apt-get $*" >>"$WORK/calls"'
  stand_in sudo 'echo "sudo $*" >>"$WORK/calls"'
  stand_in id 'echo 1000'
  touch "$work/absent" "$work/unknown" "$work/calls"
}

teardown() { rm -rf "$work"; }

stand_in() { # name, what it does
  printf '#!/bin/bash\nWORK=%q\n%s\n' "$work" "$2" >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}

set_up() { PATH=$work/bin SQUALL_NATS_SERVER='' run scripts/setup.sh "$@"; }

@test "help is exit 0, an unknown option exit 2" {
  set_up --help
  [ "$status" -eq 0 ]
  [[ ${lines[0]} == "usage: scripts/setup.sh"* ]]
  set_up --nonsense
  [ "$status" -eq 2 ]
  [[ $output == *"unknown option '--nonsense'"* ]]
}

@test "where all is there it says so and calls nobody" {
  set_up
  [ "$status" -eq 0 ]
  [ "$output" = "setup: everything is installed" ]
  [ ! -s "$work/calls" ]
}

@test "--check names what is missing, installs nothing, and exits with 1" {
  printf '%s\n' libnats-dev bats >"$work/absent"
  set_up --check
  [ "$status" -eq 1 ]
  [[ $output == "setup: missing: "*libnats-dev*bats* ]]
  [[ $output != *libssl-dev* ]]
  [ ! -s "$work/calls" ]
}

@test "a nats-server that is named need not be installed" {
  rm "$work/bin/nats-server"
  echo nats-server >"$work/absent"
  PATH=$work/bin SQUALL_NATS_SERVER=/opt/nats-server run scripts/setup.sh --check
  [ "$status" -eq 0 ]
}

@test "CI's own tools count only with --with-ci" {
  echo shellcheck >"$work/absent"
  set_up --check
  [ "$status" -eq 0 ]
  set_up --check --with-ci
  [ "$status" -eq 1 ]
  [[ $output == *shellcheck* ]]
}

@test "a system without apt gets the list of what is needed, with exit code 2" {
  rm "$work/bin/apt-get"
  set_up
  [ "$status" -eq 2 ]
  [[ $output == *"this system has no apt"*libnats-dev*nats-server*"C++23 compiler"* ]]
}

@test "without root and sudo it says what is missing, with exit code 2" {
  rm "$work/bin/sudo"
  echo libnats-dev >"$work/absent"
  set_up
  [ "$status" -eq 2 ]
  [[ $output == *"missing: libnats-dev"*"needs root or sudo"* ]]
  [ ! -s "$work/calls" ]
}

@test "a system whose apt lacks a package is named, with exit code 2" {
  tee "$work/absent" >"$work/unknown" <<<libnats-dev
  set_up
  [ "$status" -eq 2 ]
  [[ $output == *"has no package: libnats-dev"* ]]
  ! grep -q install "$work/calls"
}

@test "it installs the first alternative that exists, and starts no service" {
  printf '%s\n' libboost1.81-dev libboost-dev >"$work/absent"
  echo libboost1.81-dev >"$work/unknown"
  set_up
  [ "$status" -eq 0 ]
  [[ $output == *"setup: installed libboost-dev"* ]]
  grep -q 'install libboost-dev$' "$work/calls"
  [ -e /usr/sbin/policy-rc.d ] || grep -q 'exit 101.*policy-rc.d' "$work/calls"
}

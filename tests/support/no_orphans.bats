# The runner that checks for orphans must itself be able to fail.

guard=$BATS_TEST_DIRNAME/no_orphans.sh

@test "a test that leaves nothing passes with its own exit code" {
  run "$guard" true
  [ "$status" -eq 0 ]
  run "$guard" sh -c 'exit 7'
  [ "$status" -eq 7 ]
}

@test "a process that left the session is found, named and ended" {
  run "$guard" sh -c 'setsid sleep 61.25 >/dev/null 2>&1 & echo $!; sleep 0.2'
  [ "$status" -eq 99 ]
  [[ $output == *"left processes behind"*"sleep 61.25"* ]]
}

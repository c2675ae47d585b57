// The `router` binary: the command line with the real roles.
#include "router/cli/command_line.h"
#include "router/roles/role.h"

int main(int argc, char** argv) {
  using router::board::Role;
  return router::cli::run_command_line(argc, argv,
                                       {{Role::decide, router::roles::run_decide},
                                        {Role::result, router::roles::run_result},
                                        {Role::admin, router::roles::run_admin}});
}

#include "control/call.h"

namespace squall::control {

std::string error_fields(const ApiError& error) {
  return fmt::format(R"("error":{},"status":{})", go_quoted(error.text), error.status);
}

base::Result<void> remove_link(proxy::Links& links, Desk& desk, const std::string& link) {
  desk.toxics.erase_link(link);
  return links.remove(link);
}

base::Result<void> remove_fault(proxy::Links& links, Desk& desk, const std::string& link,
                                const std::string& fault) {
  desk.toxics.erase(link, fault);
  if (!links.has_fault(link, fault)) return {};
  return links.remove_fault(link, fault);
}

}  // namespace squall::control

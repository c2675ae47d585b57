#include "ledger/circumstance.h"

namespace squall::ledger {

std::string_view to_string(OperationKind kind) {
  switch (kind) {
    case OperationKind::js_async:
      return "js_async";
    case OperationKind::js_sync:
      return "js_sync";
    case OperationKind::core:
      return "core";
    case OperationKind::request:
      break;
  }
  return "request";
}

std::string_view to_string(Retention retention) {
  switch (retention) {
    case Retention::limits:
      return "limits";
    case Retention::interest:
      return "interest";
    case Retention::work_queue:
      break;
  }
  return "work_queue";
}

std::string_view to_string(FaultClass fault_class) {
  switch (fault_class) {
    case FaultClass::process_kill:
      return "process_kill";
    case FaultClass::process_freeze:
      return "process_freeze";
    case FaultClass::service:
      return "service";
    case FaultClass::network:
      return "network";
    case FaultClass::messages:
      return "messages";
    case FaultClass::power_loss:
      return "power_loss";
    case FaultClass::disk_damage:
      return "disk_damage";
    case FaultClass::disk_full:
      return "disk_full";
    case FaultClass::clock:
      return "clock";
    case FaultClass::membership:
      return "membership";
    case FaultClass::removal:
      break;
  }
  return "removal";
}

}  // namespace squall::ledger

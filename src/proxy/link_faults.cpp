// The faults of a link: put on, changed, taken off, and counted.
#include <algorithm>

#include "proxy/link.h"
#include "proxy/link_connection.h"
#include "proxy/links.h"

namespace squall::proxy {
namespace {

auto find(const ActiveFaults& faults, const std::string& name) {
  return std::ranges::find_if(faults, [&](const auto& active) { return active->fault.name == name; });
}

}  // namespace

base::Seed Link::fault_seed(const fault::LinkFault& fault, std::uint64_t connection) const {
  return seed_.derive(connection).derive(fault.name);
}

bool Link::chooses(const fault::LinkFault& fault, std::uint64_t connection) const {
  return fault.toxicity >= 1 || fault_seed(fault, connection).derive("toxicity").unit() < fault.toxicity;
}

bool Link::refuses_all() const {
  return std::ranges::any_of(faults_, [](const auto& active) {
    return std::holds_alternative<fault::Refuse>(active->fault.action) && active->fault.enabled &&
           active->fault.toxicity >= 1;
  });
}

bool Link::has_fault(const std::string& name) const { return find(faults_, name) != faults_.end(); }

base::Result<FaultStatus> Link::add(fault::LinkFault fault) {
  if (auto valid = validate(fault); !valid) return std::unexpected(valid.error());
  if (has_fault(fault.name)) return base::fail("link {}: there is a fault {}", settings_.name, fault.name);
  if (is_nats(fault)) {
    if (settings_.mode != LinkMode::kNats) {
      return base::fail("link {}: NATS faults need mode nats", settings_.name);
    }
    if (fault.enabled) {
      auto added = nats_.add(std::get<fault::NatsFault>(fault.action), base::now());
      if (!added) return std::unexpected(added.error());
    }
  }
  auto active = std::make_shared<ActiveFault>(
      ActiveFault{.fault = std::move(fault), .effect = std::make_shared<FaultEffect>()});
  faults_.push_back(active);
  say_fault(ProxyEvent::Kind::kFaultAdded, active->fault);
  faults_changed();
  return status_of(*active);
}

base::Result<FaultStatus> Link::update(fault::LinkFault fault) {
  if (auto valid = validate(fault); !valid) return std::unexpected(valid.error());
  const auto at = find(faults_, fault.name);
  if (at == faults_.end()) return base::fail("link {}: no fault {}", settings_.name, fault.name);
  if ((*at)->fault.action.index() != fault.action.index()) {
    return base::fail("link {}: fault {} is a {}, not a {}", settings_.name, fault.name,
                      kind_of((*at)->fault.action), kind_of(fault.action));
  }
  if (is_nats(fault)) {
    nats_.remove(fault.name);
    if (fault.enabled) {
      auto added = nats_.add(std::get<fault::NatsFault>(fault.action), base::now());
      if (!added) return std::unexpected(added.error());
    }
  }
  auto active =
      std::make_shared<ActiveFault>(ActiveFault{.fault = std::move(fault), .effect = (*at)->effect});
  faults_[static_cast<std::size_t>(at - faults_.begin())] = active;
  faults_changed();
  return status_of(*active);
}

base::Result<void> Link::remove(const std::string& name) {
  const auto at = find(faults_, name);
  if (at == faults_.end()) return base::fail("link {}: no fault {}", settings_.name, name);
  const auto removed = *at;
  faults_.erase(at);
  if (is_nats(removed->fault)) nats_.remove(name);
  say_fault(ProxyEvent::Kind::kFaultRemoved, removed->fault);
  faults_changed();
  return listen();
}

void Link::remove_all() {
  const ActiveFaults all = std::exchange(faults_, {});
  nats_.remove_all();
  for (const auto& removed : all) say_fault(ProxyEvent::Kind::kFaultRemoved, removed->fault);
  faults_changed();
}

void Link::faults_changed() {
  if (refuses_all()) {
    stop_listening();
    for (const auto& active : faults_) {
      if (std::holds_alternative<fault::Refuse>(active->fault.action)) ++active->effect->cut;
    }
  }
  const auto all = connections_;
  for (const auto& [number, connection] : all) connection->put_on_faults();
}

FaultStatus Link::status_of(const ActiveFault& active) const {
  FaultStatus status{.fault = active.fault, .effect = *active.effect};
  for (const NatsRules::Status& rule : nats_.faults()) {
    if (rule.fault.name == active.fault.name) status.effect.frames = rule.struck;
  }
  return status;
}

void Link::say_fault(ProxyEvent::Kind kind, const fault::LinkFault& fault) {
  links_.tell({.kind = kind,
               .at = base::now(),
               .link = settings_.name,
               .fault = fault.name,
               .text = describe(fault)});
}

}  // namespace squall::proxy

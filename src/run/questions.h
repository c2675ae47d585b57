// The experiment's questions as probes: what `ready:` and `probes:` ask.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "experiment/process_section.h"
#include "probe/probes.h"
#include "run/control_link.h"

namespace squall::run {

// What the questions are about. Lifetime: outlives the probes.
struct Asked {
  boost::asio::io_context& io;
  ControlLink& nats;
  // ${…} of the run.
  std::function<base::Result<std::string>(const std::string& text)> fill_in;
  // The present process of that name; nothing while there is none.
  std::function<std::optional<process::ProcessIdentity>(const std::string& name)> process;
  // Whether a line of the process's log, since its last start, contains the text.
  std::function<bool(const std::string& process, const std::string& text)> log_says;
};

// Errors: a URL that is none, a variable that nobody knows.
base::Result<std::unique_ptr<probe::Probe>> make_probe(const experiment::Question& question, Asked& asked);

}  // namespace squall::run

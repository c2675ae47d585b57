// What is known while the nodes of an experiment's files are read: its variables, the mistakes so far, and
// where each field stands, so that later checks can name the line.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment/document.h"
#include "experiment/mistake.h"
#include "experiment/variables.h"

namespace squall::experiment {

// The text of a file, or why it cannot be read.
using ReadFile = std::function<base::Result<std::string>(const std::string& path)>;

// By path: "processes.orders.ready", "faults[0].kill".
using Places = std::map<std::string, Place>;

// At the field, or at its nearest parent that stands in the file; without both the top of `file`.
Place place_of(const Places& places, const std::string& field, const std::string& file);

class Reading {
 public:
  Reading(Environment environment, ReadFile read_file, std::string file);

  void set_variables(std::map<std::string, std::string> variables) { variables_ = std::move(variables); }

  void mistake(const Node& node, std::string field, std::string message);
  // At the place of a field that was read earlier; of its nearest parent that was, if it is absent.
  void mistake_at(const std::string& field, std::string message);
  void expected(const Node& node, const std::string& field, std::string_view what);

  // A scalar's text with the file's variables replaced. Nothing, and a mistake, when it is no scalar, is
  // still to be filled in (TODO), or has a variable that is unknown or not allowed here.
  std::optional<std::string> scalar(const Node& node, const std::string& field, std::string_view what,
                                    RunVariables allowed = RunVariables::kNone);

  void remember(const std::string& field, const Place& place) { places_.emplace(field, place); }
  const Places& places() const { return places_; }

  // A path of the experiment, relative to the folder of its file.
  std::string resolve(const std::string& path) const;
  const ReadFile& read_file() const { return read_file_; }
  const std::string& file() const { return file_; }
  Mistakes& mistakes() { return mistakes_; }
  const std::vector<std::pair<std::string, std::string>>& from_environment() const {
    return from_environment_;
  }

 private:
  std::optional<std::string> look_up(const std::string& name);
  base::Result<std::string> fill_in_file_variables(const std::string& text, RunVariables allowed,
                                                   std::string& unknown);

  Environment environment_;
  ReadFile read_file_;
  std::string file_;
  std::map<std::string, std::string> variables_;
  Places places_;
  std::vector<std::pair<std::string, std::string>> from_environment_;
  Mistakes mistakes_;
};

// "processes" and "orders" -> "processes.orders".
std::string joined(const std::string& path, const std::string& name);

}  // namespace squall::experiment

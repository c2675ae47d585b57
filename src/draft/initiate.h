// What `squall init` does: finds out what an experiment needs to say about somebody's service, and says what
// it found. It asks nothing and changes nothing: a server that runs already is only looked at (unless one
// message is to be tried), and a server of Squall's own ends with it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "draft/draft.h"
#include "experiment/advice.h"
#include "run/run_session.h"

namespace squall::draft {

struct Wish {
  std::vector<std::string> command;
  std::string input;
  std::string output;
  std::string name;                              // of the process; empty: after the input
  std::optional<experiment::AttachedNats> nats;  // nothing: a server of Squall's own
  std::string sample;                            // a message of the user's; empty: one that is stored
  bool read_samples = true;                      // stored messages may be read
  bool try_it = false;                           // attached: start the command and send one message
};

struct Found {
  Draft draft;
  experiment::Known known;  // for advice
};

// One finding: a word and a sentence.
using Say = std::function<void(const std::string& about, const std::string& what)>;

// Errors: the server cannot be reached, or no stream has the subject.
base::Result<Found> look_at_theirs(run::Session& session, const Wish& wish, const Say& say);
// Errors: no nats-server, or the command cannot be executed or ends at once.
base::Result<Found> rehearse_on_our_own(run::Session& session, const Wish& wish, const Say& say);

}  // namespace squall::draft

// Where the experiment's servers are and how Squall logs in there.
#pragma once

#include "base/result.h"
#include "client/access.h"
#include "cluster/deployment.h"
#include "experiment/experiment.h"

namespace squall::run {

client::Access access_to(cluster::Deployment& deployment);
// Reads contexts, credentials and secrets now. Errors: those of reading; a server that is not on loopback and
// not in `allow.hosts`.
base::Result<client::Access> access_to(const experiment::AttachedNats& nats, const experiment::Allow& allow);

// "nats://127.0.0.1:4001,nats://…", for NATS_URL; without logins.
std::string urls_of(const client::Access& access);

}  // namespace squall::run

// The tables of the sections, one per file: nats_table.cpp, process_table.cpp and so on.
#pragma once

#include <vector>

#include "experiment/experiment.h"
#include "experiment/field_table.h"

namespace squall::experiment {

Shape<Nats> nats_shape();
Shape<std::vector<Process>> processes_shape();
Shape<std::vector<Link>> links_shape();
Shape<std::vector<Probe>> probes_shape();
Shape<WorkloadSpec> workload_shape();
Shape<Expectations> expect_shape();
Shape<TrialSettings> trials_shape();
Shape<Allow> allow_shape();
Shape<std::vector<AbortCondition>> abort_shape();

using When = decltype(FaultSpec::when);
Shape<When> when_shape();

// What `faults:` holds.
struct FaultList {
  std::vector<FaultSpec> faults;
  std::vector<RandomSchedule> random;
};
Shape<FaultList> faults_shape();
// Of an item `random: {…}` of it.
std::shared_ptr<const SectionDoc> random_schedule_doc();

}  // namespace squall::experiment

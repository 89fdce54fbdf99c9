// What a person, or a program, is told.
#pragma once

#include "launcher/judge.h"
#include "launcher/observe.h"
#include "launcher/options.h"
#include "launcher/plan.h"
#include "launcher/seccomp.h"

namespace doff {

// The verdict, then a line for each finding, then what to do about it, on
// stderr. Ends this process, as the refusal of failure.h does.
[[noreturn]] void refuse(const Judgement& judgement, const Options& options);
// One line that names the residue with which COMMAND starts.
void warn(const Judgement& judgement);

struct Report {
  const Judgement& judgement;
  const Plan& plan;
  const State& before;
  const State& after;
  FilterState filter;
  bool entered;  // a user namespace of its own
};
// As `options` ask for it: on stdout where nothing is to run, else where and
// if they say. The JSON is one line; doff(1), "JSON", has its shape. Refuses
// if it cannot be written.
void report(const Options& options, const Report& report);

// On stdout. They return 0, and refuse if it cannot be written.
int print_help();
int print_version();

}  // namespace doff

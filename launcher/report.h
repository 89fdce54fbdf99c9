// What a person, or a program, is told.
#pragma once

#include "launcher/judge.h"
#include "launcher/observe.h"
#include "launcher/options.h"
#include "launcher/plan.h"

namespace doff {

// One line on stderr. Returns the exit status that goes with it.
int refuse(const Failure& failure);
// The verdict, then a line for each finding, then what to do about it.
int refuse(const Judgement& judgement, Verdict accepted);
// One line that names the residue with which COMMAND starts.
void warn(const Judgement& judgement);

struct Report {
  const Judgement& judgement;
  const Plan& plan;
  const State& before;
  const State& after;
  FilterState filter;
  Verdict accept;
  bool accepted;
};
// Both return 0, or the errno of a write that failed. The JSON is one line;
// doff(1), "JSON", has its shape.
int report_human(int fd, const Report& report);
int report_json(int fd, const Report& report);

// Both return 0, or the errno of a write that failed.
int print_help();
int print_version();

}  // namespace doff

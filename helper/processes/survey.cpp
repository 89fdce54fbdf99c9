#include "helper/processes/survey.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <iterator>
#include <thread>
#include <utility>

namespace doff {
namespace {

// Puts those of `containers` that are asked about among those found.
bool fits(const std::vector<Container>& containers, const Question& question,
          Survey& found) {
  bool any = false;
  for (const Container& each : containers) {
    if (!each.id.starts_with(question.container)) continue;
    found.containers.insert(each.id);
    any = true;
  }
  return any;
}

// Whether the process is asked about. Reads what that takes and no more: most
// of the time goes into the kernel writing these files.
bool concerns(const Proc& proc, const Question& question, Finding& finding,
              Survey& found) {
  const Status& status = finding.status;
  const bool exceeds = status.has_memory && holds_any(finding.above);
  const bool by_container = !question.container.empty();
  if (!exceeds && !by_container && !question.everything) return false;
  const auto containers = proc.containers(status.thread);
  if (!containers.empty()) finding.container = containers.front();
  if (question.everything) return true;
  if (by_container) return fits(containers, question, found) && exceeds;
  return !question.only_containers || in_container(status, finding.container);
}

void look_at(const Proc& proc, std::span<const Pid> pids,
             const Question& question, Survey& found) {
  for (const Pid pid : pids) {
    auto status = proc.status(pid);
    if (!status) {
      (status.error() == Missing::kVanished ? found.vanished : found.refused)
          .push_back(pid);
      continue;
    }
    ++found.looked_at;
    Finding finding{.pid = pid, .status = std::move(*status)};
    const Credentials& held = finding.status.credentials;
    finding.above = above(held, question.allowed);
    if (!concerns(proc, question, finding, found)) continue;
    finding.verdict = judge(held, {question.allowed, question.allowed});
    finding.user_namespace = proc.user_namespace(finding.status.thread);
    // A third of what the other files take; what is not asked about by number
    // and in no container is known well enough by its name.
    if (question.everything || in_container(finding.status, finding.container))
      finding.command = proc.command_line(finding.status.thread);
    if (finding.command.empty())
      finding.command = "[" + finding.status.name + "]";
    found.findings.push_back(std::move(finding));
  }
}

void append(Survey& all, Survey part) {
  all.looked_at += part.looked_at;
  std::ranges::move(part.findings, std::back_inserter(all.findings));
  std::ranges::move(part.vanished, std::back_inserter(all.vanished));
  std::ranges::move(part.refused, std::back_inserter(all.refused));
  all.containers.merge(part.containers);
}

// Each is weighed once, and moved once.
std::vector<Finding> sorted(std::vector<Finding> findings) {
  std::vector<std::pair<Weight, std::size_t>> order;
  order.reserve(findings.size());
  for (std::size_t i = 0; i < findings.size(); ++i)
    order.emplace_back(weigh(findings[i]), i);
  std::ranges::sort(order, std::ranges::greater());
  std::vector<Finding> told;
  told.reserve(findings.size());
  for (const auto& [weight, place] : order)
    told.push_back(std::move(findings[place]));
  return told;
}

}  // namespace

Survey survey(const Proc& proc, std::span<const Pid> pids,
              const Question& question) {
  constexpr std::size_t kSlice = 64;
  constexpr std::size_t kMostThreads = 8;
  const std::size_t threads = std::clamp<std::size_t>(
      std::min<std::size_t>(pids.size() / (2 * kSlice),
                            std::thread::hardware_concurrency()),
      1, kMostThreads);
  // Who is done with a slice takes the next, so none waits long for another.
  std::atomic<std::size_t> next = 0;
  const auto look = [&] {
    Survey found;
    while (true) {
      const std::size_t begin = next.fetch_add(kSlice);
      if (begin >= pids.size()) return found;
      look_at(proc, pids.subspan(begin, std::min(kSlice, pids.size() - begin)),
              question, found);
    }
  };
  std::vector<std::future<Survey>> parts;
  for (std::size_t i = 1; i < threads; ++i)
    parts.push_back(std::async(std::launch::async, look));
  Survey all = look();
  for (auto& part : parts) append(all, part.get());
  all.findings = sorted(std::move(all.findings));
  return all;
}

}  // namespace doff

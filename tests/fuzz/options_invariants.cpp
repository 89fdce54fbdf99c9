#include "tests/fuzz/options_invariants.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "tests/fuzz/invariants.h"
#include "tests/fuzz/words.h"

namespace doff::fuzz {
namespace {

constexpr std::array kStrings = {&Options::user, &Options::seccomp,
                                 &Options::chdir, &Options::path,
                                 &Options::shell};

std::string_view text_of(const char* string) {
  return string == nullptr ? std::string_view() : std::string_view(string);
}

bool same(const std::optional<Failure>& a, const std::optional<Failure>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a || (a->doing == b->doing && a->value == b->value &&
                a->cause == b->cause && a->guess == b->guess &&
                a->next == b->next && a->is_option == b->is_option);
}

}  // namespace

void check_bounds(const Options& options) {
  constexpr int kLastSignal = 64;
  require(options.pdeathsig >= 0 && options.pdeathsig <= kLastSignal,
          "a signal has a number from 1 to 64");
  require(options.report_fd >= 0 && options.report_fd < kNameableFds,
          "a descriptor has a number from 0 to 1023");
  require(options.action <= Action::kVersion &&
              options.groups <= GroupsRule::kInit &&
              options.accept <= Verdict::kSealed &&
              options.userns <= UsernsRule::kAlways &&
              options.report <= ReportForm::kJson,
          "a choice is one of those offered");
  for (const auto member : kStrings)
    require(options.*member == nullptr || *(options.*member) != '\0',
            "no string is empty");
  require(options.shell == nullptr || *options.shell == '/',
          "a shell is an absolute path");
  require(options.called == CalledAs::kDoff && options.shell_argv == nullptr,
          "no option says how doff was called");
}

bool same(const Options& a, const Options& b) {
  return std::ranges::all_of(kStrings,
                             [&](const auto member) {
                               return (a.*member == nullptr) ==
                                          (b.*member == nullptr) &&
                                      text_of(a.*member) == text_of(b.*member);
                             }) &&
         a.add == b.add && a.drop == b.drop && a.ambient == b.ambient &&
         a.pdeathsig == b.pdeathsig && a.report_fd == b.report_fd &&
         a.action == b.action && a.groups == b.groups && a.accept == b.accept &&
         a.userns == b.userns && a.report == b.report && a.login == b.login &&
         a.keep_fd == b.keep_fd;
}

const Option* find_option(std::string_view name) {
  const auto table = option_table();
  const auto found = std::ranges::find(table, name, &Option::name);
  return found == table.end() ? nullptr : &*found;
}

void check_both_ways(const std::vector<Given>& given) {
  std::vector<std::string> line;
  std::string file;
  for (const Given& each : given) {
    line.push_back("--" + each.name + (each.value ? "=" + *each.value : ""));
    file += "\t " + each.name + (each.value ? " \t" + *each.value : "") + " \n";
    // Refused; and on a command line the next word would be its value.
    if (!each.value && !find_option(each.name)->argument.empty()) break;
  }
  Words words("doff", line);
  Options by_line;
  Options by_file;
  const auto line_failure = parse_command_line(words.argv(), by_line);
  const auto file_failure = parse_config("file", file, by_file);
  require(same(line_failure, file_failure), "both ways are refused alike");
  require(line_failure || same(by_line, by_file), "both ways mean the same");
}

}  // namespace doff::fuzz

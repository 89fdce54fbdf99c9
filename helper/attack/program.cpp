#include "helper/attack/program.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

// The bytes of the program, which the build has made before.
asm(R"(
.pushsection .rodata
.global doff_attack_program
.global doff_attack_program_end
doff_attack_program:
.incbin ")" DOFF_ATTACK_PROGRAM R"("
doff_attack_program_end:
.popsection
)");
extern "C" {
extern const char doff_attack_program;
extern const char doff_attack_program_end;
}

namespace doff {
namespace {

using Json = nlohmann::json;

std::string verdict_of(const Json& from) {
  constexpr std::array<std::string_view, 3> kVerdicts = {"holds", "escapes",
                                                         "not tried"};
  const auto verdict = from.at("verdict").get<std::string>();
  // Anything else must not be taken for good.
  return std::ranges::find(kVerdicts, verdict) == kVerdicts.end() ? "escapes"
                                                                  : verdict;
}

FamilyOutcome read_family(const Json& from) {
  FamilyOutcome family{.number = from.at("family").get<int>(),
                       .name = from.at("name").get<std::string>(),
                       .verdict = verdict_of(from)};
  for (const Json& each : from.at("attempts"))
    family.attempts.push_back({each.at("name").get<std::string>(),
                               verdict_of(each),
                               each.at("detail").get<std::string>()});
  return family;
}

}  // namespace

std::string_view attack_program() {
  return {&doff_attack_program, &doff_attack_program_end};
}

Result<std::vector<FamilyOutcome>> read_outcomes(std::string_view text) {
  std::vector<FamilyOutcome> families;
  try {
    const Json all = Json::parse(text);
    for (const Json& each : all.at("families"))
      families.push_back(read_family(each));
    if (!families.empty()) return families;
  } catch (const Json::exception&) {
    families.clear();
  }
  return tl::unexpected(Failure{.doing = "reading what doff-attack told"});
}

}  // namespace doff

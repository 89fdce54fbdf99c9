#include "helper/completion/table.h"

#include <array>

namespace doff {
namespace {

Row row_of(const std::string& key, const Values& values) {
  constexpr std::array<const char*, 4> kKinds = {"any", "files", "words",
                                                 "list"};
  Row row{key, kKinds.at(static_cast<std::size_t>(values.kind)), {}};
  for (const std::string& word : values.words) row.words.push_back({word, ""});
  return row;
}

void add_rows(const DescribedCommand& command, std::vector<Row>& rows) {
  const std::string path = command.path + " ";
  Row options{path + "-", "options", {}};
  for (const DescribedOption& each : command.options) {
    options.words.push_back({each.name, each.help});
    if (each.takes_value) rows.push_back(row_of(path + each.name, each.values));
  }
  rows.push_back(options);
  for (std::size_t n = 0; n < command.positionals.size(); ++n)
    rows.push_back(row_of(path + std::to_string(n), command.positionals[n]));
  if (command.repeats)
    rows.push_back(row_of(path + "*", command.positionals.back()));
  if (command.runs_command) rows.push_back({path + "--", "run", {}});
  if (command.subcommands.empty()) return;
  rows.push_back({path + "0", "options", command.subcommands});
  for (const Described& each : command.subcommands)
    rows.push_back({path + each.name, "command", {}});
}

}  // namespace

std::vector<Row> table_of(const std::vector<DescribedCommand>& commands) {
  std::vector<Row> rows;
  for (const DescribedCommand& each : commands) add_rows(each, rows);
  return rows;
}

std::string shell_word(const std::string& text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'')
      word += "'\\''";
    else
      word += c;
  }
  return word + "'";
}

}  // namespace doff

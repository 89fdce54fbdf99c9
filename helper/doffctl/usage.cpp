#include "helper/doffctl/usage.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <vector>

#include "caps/names.h"

namespace doff {
namespace {

constexpr std::size_t kColumn = 26;  // where descriptions begin
constexpr std::size_t kScreen = 79;

// The subcommand that was chosen, and how it was called: "policy show".
struct Chosen {
  const CLI::App* app;
  std::string name;

  [[nodiscard]] Failure failure() const {
    return {
        .doing = name.empty() ? "the command line" : name,
        .next = "see doffctl " + name + (name.empty() ? "" : " ") + "--help"};
  }
};
Chosen chosen_in(const CLI::App& app) {
  Chosen chosen{&app, ""};
  for (auto subs = app.get_subcommands(); !subs.empty();
       subs = chosen.app->get_subcommands()) {
    chosen.app = subs.back();
    chosen.name += (chosen.name.empty() ? "" : " ") + chosen.app->get_name();
  }
  return chosen;
}

std::vector<std::string> subcommands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* const each : app.get_subcommands({}))
    if (!each->get_name().empty()) names.push_back(each->get_name());
  return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* const each : app.get_options())
    for (const std::string& name : each->get_lnames())
      names.push_back("--" + name);
  return names;
}

bool takes_words(const CLI::App& app) {
  const auto options = app.get_options();
  return std::ranges::any_of(options, &CLI::Option::get_positional);
}

// The first word that `app` had no place for.
Failure explain_extra(const Chosen& chosen, const std::string& word) {
  Failure failure = chosen.failure();
  failure.value = word;
  const auto subcommands = subcommands_of(*chosen.app);
  if (word.size() > 1 && word[0] == '-') {
    failure.value = word.substr(0, word.find('='));
    failure.cause = "no such option";
    failure.guess = nearest_name(failure.value, options_of(*chosen.app));
  } else if (!subcommands.empty()) {
    failure.cause = "no such command";
    failure.guess = nearest_name(word, subcommands);
  } else if (takes_words(*chosen.app)) {
    failure.cause = "one word too many";
  } else {
    failure.cause = "it takes no word here";
    if (chosen.name == "minimize")
      failure.next = "put the command behind two dashes: doffctl minimize -- " +
                     doff::escaped(word);
  }
  return failure;
}

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& each : names)
    text += (text.empty() ? "" : ", ") + each;
  return text;
}

// A sentence as a phrase of a list: "Trim it." is "trim it".
std::string phrase(std::string text) {
  if (text.ends_with('.')) text.pop_back();
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

// `text` in lines that fit beside the names.
std::string wrapped(const std::string& text) {
  std::istringstream words(text);
  std::string lines;
  std::size_t width = 0;
  for (std::string word; words >> word;) {
    if (width > 0 && width + 1 + word.size() > kScreen - kColumn) {
      lines += "\n";
      width = 0;
    }
    lines += (width > 0 ? " " : "") + word;
    width += (width > 0 ? 1 : 0) + word.size();
  }
  return lines;
}

// CLI11's "--runs: 1 required N missing" and the like, in words.
std::string mismatch(const std::string& text) {
  const std::string option = text.substr(0, text.find(':'));
  if (text.ends_with(" missing")) return option + " needs a value";
  if (text.find("At Most") != std::string::npos)
    return option + " may be given once";
  return text;
}

}  // namespace

HelpFormatter::HelpFormatter(std::string rest) : rest_(std::move(rest)) {
  column_width(kColumn);
  label("Positionals", "Arguments");
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  std::string text = app->get_description();
  if (text.empty()) return text;
  if (text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text + (text.ends_with('.') ? "\n\n" : ".\n\n");
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  const std::string type = option->get_type_name();
  const bool plain = type == "TEXT" && option->get_positional();
  return option->get_type_size() == 0 || type.empty() || plain ? ""
                                                               : " " + type;
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  return wrapped(option->get_description());
}

std::string HelpFormatter::make_subcommand(const CLI::App* sub) const {
  std::ostringstream out;
  CLI::detail::format_help(out, sub->get_name(),
                           wrapped(phrase(sub->get_description())), kColumn);
  return out.str();
}

std::string HelpFormatter::make_usage(const CLI::App* app,
                                      std::string name) const {
  std::string text = "Usage: " + name;
  if (!options_of(*app).empty()) text += " [OPTION...]";
  for (const CLI::Option* const each : app->get_options()) {
    if (!each->get_positional()) continue;
    const std::string word = make_option_name(each, true) +
                             (each->get_expected_max() > 1 ? "..." : "");
    text += each->get_required() ? " " + word : " [" + word + "]";
  }
  if (!subcommands_of(*app).empty()) text += " COMMAND";
  return text + rest_ + "\n";
}

std::optional<Failure> find_empty_value(const CLI::App& app) {
  const Chosen chosen = chosen_in(app);
  for (const CLI::Option* const each : chosen.app->get_options())
    if (each->get_type_size() != 0 &&
        std::ranges::count(each->results(), "") != 0)
      return Failure{.doing = each->get_name(),
                     .cause = "the value is empty",
                     .next = "is a variable unset?"};
  return std::nullopt;
}

Failure explain(const CLI::App& app, const CLI::ParseError& error) {
  const Chosen chosen = chosen_in(app);
  const std::vector<std::string> extra = app.remaining(true);
  if (!extra.empty()) return explain_extra(chosen, extra.front());
  Failure failure = chosen.failure();
  failure.cause = error.what();
  const auto subcommands = subcommands_of(*chosen.app);
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr &&
      !subcommands.empty())
    failure.cause = "it needs a command: " + list(subcommands);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
    failure.cause = mismatch(failure.cause);
  return failure;
}

}  // namespace doff

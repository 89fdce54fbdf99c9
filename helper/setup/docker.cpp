#include "helper/setup/docker.h"

#include <string_view>

#include "helper/setup/json_text.h"

namespace doff {
namespace {

constexpr const char* kRuntimes = "runtimes";
constexpr const char* kDefault = "default-runtime";
constexpr const char* kDefaultValue = "\"doff\"";

std::string runtime_value(const std::string& path) {
  return R"({"path": ")" + path + R"("})";
}

// `runtimes` as it is made where there is none. One that was there, and was
// empty, gets none of these blanks: that is how to tell them apart.
std::string runtimes_value(const std::string& path) {
  return R"({"doff": )" + runtime_value(path) + "}";
}
std::string filled_runtimes(const std::string& path) {
  return R"({"doff":{"path":")" + path + R"("}})";
}

std::string new_file(const Registration& registration) {
  std::string text = "{\n";
  if (registration.as_default) text += "  \"default-runtime\": \"doff\",\n";
  return text + "  \"runtimes\": " + runtimes_value(registration.runtime) +
         "\n}\n";
}

// What a daemon.json says of us.
struct Found {
  JsonText json;
  const JsonNode* runtimes = nullptr;
  const JsonNode* runtime = nullptr;
  const JsonNode* path = nullptr;
  const JsonNode* by_default = nullptr;

  [[nodiscard]] bool is_default() const {
    return by_default != nullptr && json.word(*by_default) == kRuntimeName;
  }
  [[nodiscard]] std::string path_word() const {
    return path == nullptr ? "" : json.word(*path);
  }
};

Result<Found> look(std::string_view text, const std::string& source) {
  auto json = JsonText::parse(text, source);
  if (!json) return tl::unexpected(json.error());
  Found found{.json = *std::move(json)};
  using Type = JsonNode::Type;
  // Nothing, and no failure, where `parent` or the member is not there.
  std::optional<Failure> failure;
  const auto find = [&](const JsonNode* parent, std::string_view name,
                        Type type, const char* wanted) -> const JsonNode* {
    if (parent == nullptr || failure) return nullptr;
    const JsonNode* const node = found.json.find(*parent, name);
    if (node != nullptr && node->type != type)
      failure = wrong_type(std::string(name), wanted,
                           place_of(text, node->range.begin, source));
    return node;
  };
  found.runtimes =
      find(&found.json.root(), kRuntimes, Type::kObject, "an object");
  found.runtime =
      find(found.runtimes, kRuntimeName, Type::kObject, "an object");
  found.path = find(found.runtime, "path", Type::kString, "a string");
  found.by_default =
      find(&found.json.root(), kDefault, Type::kString, "a string");
  if (failure) return tl::unexpected(*failure);
  return found;
}

// With the runtime in it, but not as the default.
std::string with_runtime(const Found& found, std::string_view text,
                         const std::string& path) {
  const JsonText& json = found.json;
  if (found.path != nullptr) {
    std::string changed(text.substr(0, found.path->range.begin));
    changed.append("\"").append(path).append("\"");
    return changed.append(text.substr(found.path->range.end));
  }
  if (found.runtimes == nullptr)
    return json.with_member(json.root(), kRuntimes, runtimes_value(path));
  if (!found.runtimes->children.empty())
    return json.with_member(*found.runtimes, kRuntimeName, runtime_value(path));
  // Any blanks of its own stay, behind ours.
  const Range inside{found.runtimes->range.begin + 1,
                     found.runtimes->range.end - 1};
  std::string filled = filled_runtimes(path);
  filled.insert(filled.size() - 1, inside.of(text));
  std::string changed(text.substr(0, found.runtimes->range.begin));
  return changed.append(filled).append(text.substr(found.runtimes->range.end));
}

std::string without_runtime(const Found& found, std::string_view text) {
  const JsonText& json = found.json;
  if (found.runtimes->range.of(text) == runtimes_value(found.path_word()))
    return json.without_member(json.root(), *found.runtimes);
  return json.without_member(*found.runtimes, *found.runtime);
}

}  // namespace

Result<Registered> register_with_docker(const std::optional<std::string>& text,
                                        const std::string& source,
                                        const Registration& registration) {
  if (!text) return Registered{new_file(registration), {}};
  const auto found = look(*text, source);
  if (!found) return tl::unexpected(found.error());
  if (found->runtime != nullptr && !is_ours(found->path_word()))
    return tl::unexpected(
        taken(found->path_word(),
              place_of(*text, found->runtime->key.begin, source)));
  // JSON has no comments in which the former one could be kept.
  if (registration.as_default && found->by_default != nullptr &&
      !found->is_default())
    return tl::unexpected(Failure{
        .doing = kDefault,
        .value = found->json.word(*found->by_default),
        .cause = "another default is set, which --undo could not "
                 "restore",
        .next = "take that line out first, or leave --default out",
        .place = place_of(*text, found->by_default->range.begin, source)});
  Registered result;
  result.text = found->path_word() == registration.runtime
                    ? *text
                    : with_runtime(*found, *text, registration.runtime);
  if (!registration.as_default || found->is_default()) return result;
  const auto changed = JsonText::parse(result.text, source);
  if (!changed) return tl::unexpected(changed.error());
  result.text = changed->with_member(changed->root(), kDefault, kDefaultValue);
  return result;
}

Result<Remainder> unregister_from_docker(const std::string& text,
                                         const std::string& source) {
  const auto found = look(text, source);
  if (!found) return tl::unexpected(found.error());
  const std::string path = found->path_word();
  if (!is_ours(path)) return text;
  if (text == new_file({path, found->is_default()})) return std::nullopt;
  // dockerd does not start with a default that is not registered.
  if (!found->is_default()) return without_runtime(*found, text);
  const std::string by_name =
      found->json.without_member(found->json.root(), *found->by_default);
  const auto rest = look(by_name, source);
  if (!rest) return tl::unexpected(rest.error());
  return without_runtime(*rest, by_name);
}

}  // namespace doff

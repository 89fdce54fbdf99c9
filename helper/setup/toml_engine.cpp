#include "helper/setup/toml_engine.h"

#include <utility>

namespace doff {
namespace {

TomlPath joined(TomlPath path, const TomlPath& rest) {
  path.insert(path.end(), rest.begin(), rest.end());
  return path;
}

TomlPath runtime_of(const TomlEngine& engine) {
  return joined(engine.runtimes, {std::string(kRuntimeName)});
}

// Podman's runtime is a list of paths, of which it takes the first that is
// there: ours is the only one.
Result<std::string> path_in_list(const toml::node& node,
                                 const std::string& source,
                                 const TomlEngine& engine) {
  const toml::array* const list = node.as_array();
  if (list == nullptr || !list->is_homogeneous<std::string>())
    return tl::unexpected(wrong_type(
        dotted(runtime_of(engine)), "a list of paths", place_of(node, source)));
  const auto path = list->front().value_or(std::string());
  return list->size() == 1 || !is_ours(path) ? path : path + ", ...";
}

Result<bool> is_default(const toml::table& tree, const std::string& source,
                        const TomlEngine& engine) {
  const auto name =
      find_string(tree, joined(engine.defaults, {engine.by_default}), source);
  if (!name) return tl::unexpected(name.error());
  return *name != nullptr && (*name)->get() == kRuntimeName;
}

// What of ours is there without setup: somebody has written it by hand, and it
// stays.
struct WithoutUs {
  bool by_hand = false;
  bool is_default = false;
};

// `as_it_is` is the tree of `text`.
Result<WithoutUs> look_without_us(std::string_view text,
                                  const toml::table& as_it_is,
                                  const std::string& source,
                                  const Registration& registration,
                                  const TomlEngine& engine) {
  const auto rest = remove_settings(text, source, engine.ours());
  if (!rest) return tl::unexpected(rest.error());
  const auto tree = parse_toml(*rest, source);
  if (!tree) return tl::unexpected(tree.error());
  const auto path = find_registered(*tree, source, engine);
  if (!path) return tl::unexpected(path.error());
  if (!path->empty() && *path != registration.runtime)
    return tl::unexpected(Failure{
        .doing = "the runtime doff",
        .value = *path,
        .cause = "registered, but not by doffctl setup",
        .next = "change it there",
        .place = place_of(*find(as_it_is, runtime_of(engine)), source)});
  const auto by_default = is_default(*tree, source, engine);
  if (!by_default) return tl::unexpected(by_default.error());
  return WithoutUs{!path->empty(), *by_default};
}

}  // namespace

OurPaths TomlEngine::ours() const {
  OurPaths paths = besides;
  paths.push_back(runtime_of(*this));
  paths.push_back(joined(defaults, {by_default}));
  return paths;
}

Result<std::string> find_registered(const toml::table& tree,
                                    const std::string& source,
                                    const TomlEngine& engine) {
  const auto runtimes = find_table(tree, engine.runtimes, source);
  if (!runtimes) return tl::unexpected(runtimes.error());
  const toml::node* const node =
      *runtimes == nullptr ? nullptr : (*runtimes)->get(kRuntimeName);
  if (node == nullptr) return std::string();
  std::string path;
  if (engine.path.empty()) {
    auto found = path_in_list(*node, source, engine);
    if (!found) return found;
    path = *std::move(found);
  } else {
    const auto found =
        find_string(tree, joined(runtime_of(engine), engine.path), source);
    if (!found) return tl::unexpected(found.error());
    if (*found != nullptr) path = (*found)->get();
  }
  if (is_ours(path)) return path;
  return tl::unexpected(taken(path, place_of(*node, source)));
}

Result<Registered> register_in_toml(const std::optional<std::string>& text,
                                    const std::string& source,
                                    const Registration& registration,
                                    const TomlEngine& engine) {
  const auto without_notes = [](std::string whole) {
    return Registered{std::move(whole), {}};
  };
  std::vector<Setting> settings = engine.settings;
  const Setting as_default{engine.defaults, engine.by_default,
                           toml_string(std::string(kRuntimeName))};
  if (!text) {
    if (registration.as_default) settings.push_back(as_default);
    return new_file(settings, source, engine.ours()).map(without_notes);
  }
  const auto tree = parse_toml(*text, source);
  if (!tree) return tl::unexpected(tree.error());
  const auto taken_by = find_registered(*tree, source, engine);
  if (!taken_by) return tl::unexpected(taken_by.error());
  const auto was_default = is_default(*tree, source, engine);
  if (!was_default) return tl::unexpected(was_default.error());

  const auto rest = look_without_us(*text, *tree, source, registration, engine);
  if (!rest) return tl::unexpected(rest.error());
  if (rest->by_hand) settings.clear();
  if ((registration.as_default || *was_default) && !rest->is_default)
    settings.push_back(as_default);
  return update_settings(*text, source, settings, engine.ours())
      .map(without_notes);
}

std::string toml_string(const std::string& path) { return '"' + path + '"'; }

}  // namespace doff

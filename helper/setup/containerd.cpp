#include "helper/setup/containerd.h"

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

#include "helper/setup/toml_engine.h"

namespace doff {
namespace {

constexpr const char* kRunc = "runc";
constexpr const char* kType = "io.containerd.runc.v2";
constexpr const char* kOurAnnotations = "io.doff.*";

TomlPath joined(TomlPath path, const TomlPath& rest) {
  path.insert(path.end(), rest.begin(), rest.end());
  return path;
}

std::string as_text(const toml::node& node) {
  std::ostringstream out;
  node.visit([&out](const auto& each) { out << each; });
  return out.str();
}

// Where the CRI plugin's runtimes are, by the `version` of the file.
Result<TomlPath> find_plugin(const toml::table& tree,
                             const std::string& source) {
  const toml::node* const version = tree.get("version");
  // A file without any setting is a new one.
  if (version == nullptr && tree.empty())
    return TomlPath{"plugins", "io.containerd.grpc.v1.cri"};
  const auto number =
      version == nullptr ? 1 : version->value_exact<std::int64_t>().value_or(0);
  if (number == 2) return TomlPath{"plugins", "io.containerd.grpc.v1.cri"};
  if (number == 3) return TomlPath{"plugins", "io.containerd.cri.v1.runtime"};
  return tl::unexpected(Failure{
      .doing = "version",
      .value = version == nullptr ? "" : as_text(*version),
      .cause = version == nullptr
                   ? "missing: containerd takes it for 1, and setup knows 2 "
                     "and 3"
                   : "setup knows 2 and 3",
      .next = "`containerd config migrate` prints a newer file",
      .place = version == nullptr ? Place{source, 1, 1}
                                  : place_of(*version, source)});
}

// Settings that a runtime has by itself, as `config default` prints them, need
// not be repeated.
bool says_something(const toml::node& node) {
  if (const auto* const string = node.as_string()) return !(*string)->empty();
  if (const auto* const number = node.as_integer()) return number->get() != 0;
  if (const auto* const boolean = node.as_boolean()) return boolean->get();
  return false;
}

// What `from` has as plain values, but for `left_out`.
void copy_settings(const toml::table& from, const TomlPath& to,
                   const std::vector<std::string>& left_out,
                   std::vector<Setting>& settings) {
  for (const auto& [key, value] : from) {
    const std::string name(key.str());
    if (std::ranges::count(left_out, name) == 0 && says_something(value))
      settings.push_back({to, dotted({name}), as_text(value)});
  }
}

// As `model` has them, and ours.
std::string annotations(const toml::table* model, const char* key) {
  std::string list = "[";
  if (model != nullptr)
    if (const toml::array* const theirs = (*model)[key].as_array())
      for (const toml::node& each : *theirs) list += as_text(each) + ", ";
  return list + toml_string(kOurAnnotations) + "]";
}

// The runtime that pods get unasked, whose settings they rely on, such as the
// cgroup driver, SystemdCgroup. Nothing if it is not of runc's kind.
const toml::table* find_model(const toml::table& tree, const TomlPath& cri,
                              const std::string& name) {
  const toml::node* const node = find(tree, joined(cri, {"runtimes", name}));
  const toml::table* const table = node == nullptr ? nullptr : node->as_table();
  return table != nullptr && (*table)["runtime_type"] == kType ? table
                                                               : nullptr;
}

std::vector<Setting> runtime_settings(const toml::table* model,
                                      const TomlPath& table,
                                      const std::string& runtime) {
  std::vector<Setting> settings = {
      {table, "runtime_type", toml_string(kType)},
      {table, "pod_annotations", annotations(model, "pod_annotations")},
      {table, "container_annotations",
       annotations(model, "container_annotations")}};
  if (model != nullptr)
    copy_settings(*model, table, {"runtime_type"}, settings);
  const TomlPath options = joined(table, {"options"});
  settings.push_back({options, "BinaryName", toml_string(runtime)});
  if (model != nullptr)
    if (const toml::table* const theirs = (*model)["options"].as_table())
      copy_settings(*theirs, options, {"BinaryName"}, settings);
  return settings;
}

struct Plan {
  TomlEngine engine;
  std::vector<std::string> notes;
};

void note_what_matters(const toml::table& tree, const toml::table* model,
                       const std::string& name,
                       std::vector<std::string>& notes) {
  if (const toml::array* const disabled = tree["disabled_plugins"].as_array())
    for (const toml::node& each : *disabled)
      if (const auto plugin = each.value_or(std::string());
          plugin == "cri" || plugin == "io.containerd.grpc.v1.cri")
        notes.emplace_back(
            "disabled_plugins disables the CRI plugin: Kubernetes finds no "
            "runtime here until it is enabled");
  if (model == nullptr) return;
  const auto* const binary = (*model)["options"]["BinaryName"].value_or("");
  if (*binary != '\0' && !is_ours(binary))
    notes.push_back("the runtime \"" + escaped(name) + "\" here is \"" +
                    escaped(binary) +
                    "\"; which one doff-runtime becomes is for "
                    "/etc/doff/runtime.yaml to say");
}

// `tree` is of the file as it is without us.
Result<Plan> plan(const toml::table& tree, const std::string& source,
                  const std::string& runtime) {
  const auto plugin = find_plugin(tree, source);
  if (!plugin) return tl::unexpected(plugin.error());
  const TomlPath cri = joined(*plugin, {"containerd"});
  const TomlPath runtimes = joined(cri, {"runtimes"});
  const auto all = find_table(tree, runtimes, source);
  if (!all) return tl::unexpected(all.error());
  const TomlPath default_name = joined(cri, {"default_runtime_name"});
  const auto name = find_string(tree, default_name, source);
  if (!name) return tl::unexpected(name.error());
  const std::string by_default = *name == nullptr ? kRunc : (*name)->get();
  const toml::table* const model = find_model(tree, cri, by_default);

  Plan plan{.engine = {.runtimes = runtimes,
                       .path = {"options", "BinaryName"},
                       .defaults = cri,
                       .by_default = "default_runtime_name",
                       .settings = {},
                       .besides = {{"version"},
                                   joined(runtimes, {kRunc, "runtime_type"})}},
            .notes = {}};
  auto& settings = plan.engine.settings;
  if (tree.empty()) settings.push_back({{}, "version", "2"});
  // containerd 1.6 has a runtime `runc` of its own only where the file names
  // none at all; without it, the default's name leads nowhere, and the plugin
  // is not loaded.
  if (*all == nullptr)
    settings.push_back(
        {joined(runtimes, {kRunc}), "runtime_type", toml_string(kType)});
  const auto ours = runtime_settings(
      model, joined(runtimes, {std::string(kRuntimeName)}), runtime);
  settings.insert(settings.end(), ours.begin(), ours.end());
  note_what_matters(tree, model, by_default, plan.notes);
  return plan;
}

// The paths of what setup has written into either layout.
OurPaths paths_of_ours() {
  OurPaths paths;
  for (const char* const plugin :
       {"io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"}) {
    const TomlPath cri = {"plugins", plugin, "containerd"};
    paths.push_back({"version"});
    paths.push_back(joined(cri, {"default_runtime_name"}));
    paths.push_back(joined(cri, {"runtimes", std::string(kRuntimeName)}));
    paths.push_back(joined(cri, {"runtimes", kRunc, "runtime_type"}));
  }
  return paths;
}

}  // namespace

Result<Registered> register_with_containerd(
    const std::optional<std::string>& text, const std::string& source,
    const Registration& registration) {
  const std::string as_it_is = text.value_or("");
  const auto rest = remove_settings(as_it_is, source, paths_of_ours());
  if (!rest) return tl::unexpected(rest.error());
  const auto tree = parse_toml(*rest, source);
  if (!tree) return tl::unexpected(tree.error());
  auto made = plan(*tree, source, registration.runtime);
  if (!made) return tl::unexpected(made.error());
  auto result = register_in_toml(text, source, registration, made->engine);
  if (result) result->notes = std::move(made->notes);
  return result;
}

Result<Remainder> unregister_from_containerd(const std::string& text,
                                             const std::string& source) {
  return remainder(text, source, paths_of_ours());
}

}  // namespace doff

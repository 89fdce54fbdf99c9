#include "helper/runtime/create.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "helper/runtime/applied_policy.h"
#include "helper/runtime/checkpoint.h"
#include "helper/runtime/digest.h"
#include "helper/runtime/prepare_spec.h"
#include "helper/spec/replace_file.h"
#include "helper/spec/scan_spec.h"
#include "helper/spec/spec_sets.h"
#include "helper/spec/trim_spec.h"

namespace doff {
namespace {

// Those of create, run and restore together: runc 1.1's to 1.3's and crun
// 1.8's to 1.28's.
constexpr std::array<OptionName, 30> kOptions = {{
    {"auto-dedup"},
    {"b", true},
    {"bundle", true},
    {"config", true},
    {"console-socket", true},
    {"d"},
    {"detach"},
    {"empty-ns", true},
    {"ext-unix-sk"},
    {"f", true},
    {"file-locks"},
    {"h"},
    {"help"},
    {"image-path", true},
    {"keep"},
    {"lazy-pages"},
    {"lsm-mount-context", true},
    {"lsm-profile", true},
    {"manage-cgroups-mode", true},
    {"no-new-keyring"},
    {"no-pivot"},
    {"no-subreaper"},
    {"page-server", true},
    {"parent-path", true},
    {"pid-file", true},
    {"preserve-fds", true},
    {"shell-job"},
    {"tcp-established"},
    {"tcp-skip-in-flight"},
    {"work-path", true},
}};

// What the low-level runtime will read.
struct Input {
  // config.json in --bundle, which is the working directory unless said, or
  // what crun's --config names.
  std::string config;
  // Of restore: its --image-path. With a --bundle, runc takes `images` for a
  // directory of the bundle, and no path at all for one of where it is called.
  std::string checkpoint;
  bool checkpoint_unclear = false;
};

Result<Input> find_input(const Host& host) {
  std::optional<std::string> bundle;
  std::optional<std::string> config;
  std::string checkpoint = "checkpoint";
  char** at = host.line.words + host.line.subcommand_at + 1;
  while (*at != nullptr && std::string_view(*at) != "--") {
    const auto option = read_option(at, host.grammar, kOptions);
    // The container's id, behind which runc takes options as well.
    if (!option) {
      ++at;
      continue;
    }
    // It may be an option of its subcommand alone, and take the next word.
    if (host.grammar == Grammar::kGetopt && option->ambiguous)
      return tl::unexpected(Failure{.doing = std::string(host.line.subcommand),
                                    .value = *at,
                                    .cause = "several options begin so",
                                    .next = "write it out"});
    const bool valued = option->value != nullptr;
    if (valued && (option->name == "bundle" || option->name == "b"))
      bundle = option->value;
    if (valued && host.grammar == Grammar::kGetopt &&
        (option->name == "config" || option->name == "f"))
      config = option->value;
    if (valued && option->name == "image-path") checkpoint = option->value;
    if (option->words == 2 && !valued) break;
    at += option->words;
    // One word is the container's id: what stands between an unknown option and
    // more words is its value.
    if (!option->known && !valued && at[0] != nullptr && at[1] != nullptr &&
        *at[0] != '-')
      ++at;
  }
  return Input{.config = config.value_or(bundle.value_or(".") + "/config.json"),
               .checkpoint = checkpoint,
               .checkpoint_unclear = bundle && !checkpoint.starts_with('/')};
}

// criu takes more options from the file that this annotation names, and with
// them, maybe, the images from elsewhere. runc makes one word of an annotation,
// NAME=VALUE, and finds the file behind the first `=`, be it in the name.
constexpr std::string_view kCriuOptions = "org.criu.config";

Result<void> check_restore(const Input& input, const ScannedSpec& spec,
                           const AppliedPolicy& policy) {
  for (const ScannedAnnotation& each : spec.annotated)
    if (each.name.starts_with(kCriuOptions) &&
        (each.name != kCriuOptions || !each.value.empty()))
      return tl::unexpected(
          Failure{.doing = each.name,
                  .value = each.value,
                  .cause = policy.source +
                           " bounds the container, and criu's options can "
                           "name another checkpoint",
                  .next = "restore without the annotation"});
  if (input.checkpoint_unclear)
    return tl::unexpected(
        Failure{.doing = "--image-path",
                .value = input.checkpoint,
                .cause = policy.source +
                         " bounds the container, and runtimes do not agree on "
                         "where this is",
                .next = "give an absolute path"});
  return check_checkpoint(input.checkpoint,
                          policy.left_of(sets_of(spec.process).bounding),
                          policy.source);
}

// Nothing where somebody else changed the file meanwhile.
Checked<bool> prepare_once(const Host& host, const Input& input) {
  const auto fail = [](const Failure& failure) {
    return tl::unexpected(Failures{failure});
  };
  const auto file = read_to_replace(input.config, kLongestSpec);
  if (!file) return fail(file.error());
  const auto spec = scan_spec(file->text, file->path);
  if (!spec) return fail(spec.error());
  const auto policy = read_applied_policy(host.settings, spec->annotated);
  if (!policy) return tl::unexpected(policy.error());
  if (host.line.subcommand == "restore" && policy->bounds_creation()) {
    const auto checked = check_restore(input, *spec, *policy);
    if (!checked) return fail(checked.error());
  }
  Launcher launcher;
  if (policy->connect.inject) {
    auto found = find_launcher(host);
    if (!found) return fail(found.error());
    auto digest = digest_of_file(*found);
    if (!digest) return fail(digest.error());
    launcher = {*std::move(found), *std::move(digest)};
  }
  const auto prepared =
      prepare_config(file->text, file->path, *spec, *policy, launcher);
  if (!prepared) return fail(prepared.error());
  if (prepared->text == file->text) return true;
  // Whichever it is then, the next create sees to it.
  const auto replaced = replace(*file, prepared->text, PowerLoss::kOldOrNew);
  if (replaced) return true;
  if (is_unchanged(*file)) return fail(replaced.error());
  return false;
}

}  // namespace

Checked<void> prepare_bundle(const Host& host) {
  // Another create of the same bundle does the same to it.
  constexpr int kTries = 5;
  const auto input = find_input(host);
  if (!input) return tl::unexpected(Failures{input.error()});
  for (int i = 0; i < kTries; ++i) {
    const auto prepared = prepare_once(host, *input);
    if (!prepared) return tl::unexpected(prepared.error());
    if (*prepared) return {};
  }
  return tl::unexpected(
      Failures{{.doing = "rewriting",
                .value = input->config,
                .cause = "somebody else changes it all the time"}});
}

}  // namespace doff

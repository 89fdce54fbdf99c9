#include "helper/runtime/checkpoint.h"

#include <dirent.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <utility>
#include <vector>

#include "helper/file.h"
#include "helper/words.h"

namespace doff {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

// criu's magic.h: of any image, and of one of a process or a thread.
constexpr std::uint32_t kImage = 0x54564319;
constexpr std::uint32_t kCore = 0x55053847;

// core.proto's and creds.proto's fields.
constexpr std::uint32_t kTask = 3;
constexpr std::uint32_t kState = 1;
constexpr std::uint32_t kThread = 5;
constexpr std::uint32_t kCredentials = 10;
constexpr std::uint32_t kInheritable = 9;
constexpr std::uint32_t kBounding = 12;
constexpr std::size_t kSets = kBounding - kInheritable + 1;

constexpr pbf_wire_type kMessage = pbf_wire_type::length_delimited;

// Where a field is there twice, readers of such messages differ in which of the
// two counts: here, everything that one of them might take. Each of these reads
// nothing where a reader might take something that does not say it.

// Each set has two words, the lower one first.
std::optional<CapabilitySet> read_credentials(pbf_reader credentials) {
  std::array<unsigned, kSets> words{};
  std::uint64_t bits = 0;
  while (credentials.next()) {
    const std::uint32_t field = credentials.tag();
    if (field < kInheritable || field > kBounding ||
        !credentials.has_wire_type(pbf_wire_type::varint)) {
      credentials.skip();
      continue;
    }
    unsigned& word = words[field - kInheritable];
    if (word == 2) return std::nullopt;
    bits |= std::uint64_t{credentials.get_uint32()} << (32 * word++);
  }
  if (std::ranges::any_of(words, [](unsigned each) { return each != 2; }))
    return std::nullopt;
  return CapabilitySet(bits);
}

std::optional<CapabilitySet> read_thread(pbf_reader thread) {
  std::optional<CapabilitySet> all;
  while (thread.next(kCredentials, kMessage)) {
    const auto one = read_credentials(thread.get_message());
    if (!one) return std::nullopt;
    all = all.value_or(CapabilitySet()) | *one;
  }
  return all;
}

// criu's TASK_DEAD or TASK_ZOMBIE: nothing of it runs any more.
bool has_ended(pbf_reader task) {
  bool ended = false;
  while (task.next(kState, pbf_wire_type::varint)) {
    const std::uint32_t state = task.get_uint32();
    ended = state == 2 || state == 6;
    if (!ended) return false;
  }
  return ended;
}

std::optional<CapabilitySet> read_core(const pbf_reader& core) {
  std::optional<CapabilitySet> all;
  for (pbf_reader at = core; at.next(kThread, kMessage);) {
    const auto one = read_thread(at.get_message());
    if (!one) return std::nullopt;
    all = all.value_or(CapabilitySet()) | *one;
  }
  if (all) return all;
  for (pbf_reader at = core; at.next(kTask, kMessage);) {
    if (!has_ended(at.get_message())) return std::nullopt;
    all = CapabilitySet();
  }
  return all;
}

Failure failed(const std::string& name, std::string cause) {
  return {.doing = "the checkpoint",
          .value = name,
          .cause = std::move(cause),
          .next = "create the container anew"};
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

// The files that criu takes for processes and threads, and more, maybe.
Result<std::vector<std::string>> list_cores(const std::string& directory) {
  const auto unread = [&directory] {
    return tl::unexpected(Failure{
        .doing = "reading the checkpoint", .value = directory, .error = errno});
  };
  const std::unique_ptr<DIR, CloseDirectory> open(opendir(directory.c_str()));
  if (!open) return unread();
  std::vector<std::string> cores;
  errno = 0;
  // readdir is safe here: the stream is this function's own.
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  while (const dirent* const entry = readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name.starts_with("core-")) cores.emplace_back(name);
  }
  if (errno != 0) return unread();
  if (cores.empty())
    return tl::unexpected(failed(directory, "has no process in it"));
  return cores;
}

}  // namespace

Result<CapabilitySet> capabilities_in_core(std::string_view image,
                                           const std::string& name) {
  std::array<std::uint32_t, 3> header{};  // the last: the size of what follows
  if (image.size() >= sizeof header) {
    std::memcpy(header.data(), image.data(), sizeof header);
    image.remove_prefix(sizeof header);
  }
  if (header[0] != kImage || header[1] != kCore || header[2] != image.size())
    return tl::unexpected(failed(name, "not criu's image of a process"));
  try {
    if (const auto sets = read_core({image.data(), image.size()})) return *sets;
  } catch (const protozero::exception& broken) {
    return tl::unexpected(failed(name, broken.what()));
  }
  return tl::unexpected(failed(name, "does not say which capabilities it has"));
}

Result<void> check_checkpoint(const std::string& directory,
                              CapabilitySet allowed,
                              const std::string& allowed_by) {
  constexpr std::size_t kLongest = std::size_t{1} << 20;
  const auto cores = list_cores(directory);
  if (!cores) return tl::unexpected(cores.error());
  for (const std::string& each : *cores) {
    std::string path = directory;
    path.append("/").append(each);
    const auto image = read_file(path, kLongest);
    if (!image) return tl::unexpected(image.error());
    const auto sets = capabilities_in_core(*image, path);
    if (!sets) return tl::unexpected(sets.error());
    if (!(*sets <= allowed))
      return tl::unexpected(
          failed(path, "has " + names(*sets - allowed) +
                           ", which is more than the spec and " + allowed_by +
                           " leave"));
  }
  return {};
}

}  // namespace doff

#include "helper/runtime/checkpoint.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <utility>

#include "helper/descriptor.h"
#include "helper/file.h"
#include "helper/words.h"

namespace doff {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

// criu's magic.h: of any image, and of one of a process or a thread.
constexpr std::uint32_t kImage = 0x54564319;
constexpr std::uint32_t kCore = 0x55053847;

// core.proto, and creds.proto: a core_entry has a task_core_entry, if it is of
// a process, and a thread_core_entry, unless that has ended; which has a
// creds_entry, which has the sets.
constexpr std::uint32_t kTaskCore = 3;
constexpr std::uint32_t kTaskState = 1;
constexpr std::uint32_t kThreadCore = 5;
constexpr std::uint32_t kCredentials = 10;
constexpr std::uint32_t kInheritable = 9;
constexpr std::uint32_t kBounding = 12;

// What criu itself never writes, and readers of such messages differ in: a
// field that is there twice or of another type, a key or a length with more
// bytes than it needs, a set of more or fewer bits.
struct Odd : protozero::exception {
  [[nodiscard]] const char* what() const noexcept override {
    return "not as criu writes it";
  }
};

// Of a number in the bytes of which there were `before` and now are `after`.
void check_shortest(std::uint64_t number, std::size_t before,
                    std::size_t after) {
  constexpr unsigned kBitsOfByte = 7;
  const auto bits = static_cast<unsigned>(std::bit_width(number | 1));
  if (before - after != (bits + kBitsOfByte - 1) / kBitsOfByte) throw Odd();
}

bool next_field(pbf_reader& message) {
  const std::size_t before = message.data().size();
  if (!message.next()) return false;
  check_shortest(std::uint64_t{message.tag()} << 3, before,
                 message.data().size());
  return true;
}

pbf_reader take_message(pbf_reader& outer) {
  if (!outer.has_wire_type(pbf_wire_type::length_delimited)) throw Odd();
  const std::size_t before = outer.data().size();
  const auto message = outer.get_view();
  check_shortest(message.size(), before, outer.data().size() + message.size());
  return pbf_reader(message);
}

void skip_field(pbf_reader& message) {
  if (message.has_wire_type(pbf_wire_type::length_delimited))
    take_message(message);
  else
    message.skip();
}

// A reader that stands at the field `number`, if it is there.
std::optional<pbf_reader> find_field(pbf_reader message, std::uint32_t number) {
  std::optional<pbf_reader> found;
  while (next_field(message)) {
    if (message.tag() == number) {
      if (found) throw Odd();
      found = message;
    }
    skip_field(message);
  }
  return found;
}

// The message that is that field.
std::optional<pbf_reader> find_message(const pbf_reader& outer,
                                       std::uint32_t number) {
  auto field = find_field(outer, number);
  if (!field) return std::nullopt;
  return take_message(*field);
}

std::uint64_t read_word(pbf_reader& message) {
  if (!message.has_wire_type(pbf_wire_type::varint)) throw Odd();
  return message.get_uint64();
}

// All four of it, together.
CapabilitySet read_sets(pbf_reader credentials) {
  constexpr unsigned kWords = 2;  // of 32 bits, the lower ones first
  std::array<unsigned, kBounding - kInheritable + 1> words{};
  std::uint64_t bits = 0;
  while (next_field(credentials)) {
    const std::uint32_t set = credentials.tag();
    if (set < kInheritable || set > kBounding) {
      skip_field(credentials);
      continue;
    }
    const std::uint64_t word = read_word(credentials);
    unsigned& count = words[set - kInheritable];
    if (count == kWords || word > UINT32_MAX) throw Odd();
    bits |= word << (32 * count);
    ++count;
  }
  for (const unsigned count : words)
    if (count != kWords) throw Odd();
  return CapabilitySet(bits);
}

// Nothing of such a process runs any more.
bool has_ended(const pbf_reader& task) {
  constexpr std::uint64_t kDead = 2;
  constexpr std::uint64_t kZombie = 6;
  auto field = find_field(task, kTaskState);
  if (!field) return false;
  const std::uint64_t state = read_word(*field);
  return state == kDead || state == kZombie;
}

// Nothing where it does not say; criu then looks elsewhere, in older images.
std::optional<CapabilitySet> read_core(const pbf_reader& core) {
  const auto task = find_message(core, kTaskCore);
  if (const auto thread = find_message(core, kThreadCore)) {
    const auto credentials = find_message(*thread, kCredentials);
    if (!credentials) return std::nullopt;
    return read_sets(*credentials);
  }
  if (task && has_ended(*task)) return CapabilitySet();
  return std::nullopt;
}

Failure failed(const std::string& name, std::string cause) {
  return {.doing = "the checkpoint",
          .value = name,
          .cause = std::move(cause),
          .next = "create the container anew"};
}

Failure unread(const std::string& path) {
  return {.doing = "reading the checkpoint", .value = path, .error = errno};
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

// core-ID.img, for every process and thread, and whatever begins alike. Takes
// no link: where it leads can change with who follows it.
Result<std::string> read_image(DIR* directory, const char* name,
                               const std::string& path) {
  constexpr std::size_t kLongest = std::size_t{1} << 20;
  const Descriptor file(
      openat(dirfd(directory), name,
             O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK));
  if (file.get() < 0 && errno == ELOOP)
    return tl::unexpected(failed(path, "is a symbolic link"));
  struct stat about {};
  if (file.get() < 0 || fstat(file.get(), &about) != 0)
    return tl::unexpected(unread(path));
  if (!S_ISREG(about.st_mode))
    return tl::unexpected(failed(path, "not a regular file"));
  return read_descriptor(file.get(), path, kLongest);
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
  const std::unique_ptr<DIR, CloseDirectory> open(opendir(directory.c_str()));
  if (!open) return tl::unexpected(unread(directory));
  const std::string more =
      ", which is more than the spec and " + allowed_by + " leave";
  unsigned processes = 0;
  while (true) {
    errno = 0;
    // readdir is safe here: the stream is this function's own.
    // NOLINTNEXTLINE(concurrency-mt-unsafe)
    const dirent* const entry = readdir(open.get());
    if (entry == nullptr) break;
    const char* const name = entry->d_name;
    if (!std::string_view(name).starts_with("core-")) continue;
    std::string path = directory;
    path.append("/").append(name);
    const auto image = read_image(open.get(), name, path);
    if (!image) return tl::unexpected(image.error());
    const auto sets = capabilities_in_core(*image, path);
    if (!sets) return tl::unexpected(sets.error());
    if (!(*sets <= allowed))
      return tl::unexpected(
          failed(path, "has " + names(*sets - allowed) + more));
    ++processes;
  }
  if (errno != 0) return tl::unexpected(unread(directory));
  if (processes == 0)
    return tl::unexpected(failed(directory, "has no process in it"));
  return {};
}

}  // namespace doff

#include "helper/file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "helper/descriptor.h"

namespace doff {
namespace {

Failure failed(const std::string& step, const std::string& name, int error) {
  return {.doing = step, .value = name, .error = error};
}

// How much it was.
Result<std::size_t> read_pieces(int fd, const std::string& name,
                                std::size_t limit, const Take& take) {
  std::array<char, 16384> buffer;
  std::size_t size = 0;
  while (true) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(failed("reading", name, errno));
    if (got == 0) return size;
    size += static_cast<std::size_t>(got);
    if (size > limit)
      return tl::unexpected(
          Failure{.doing = "reading",
                  .value = name,
                  .cause = "more than " + std::to_string(limit) + " bytes"});
    take({buffer.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace

Result<void> read_pieces(const std::string& path, std::size_t limit,
                         const Take& take) {
  const Descriptor file(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.get() < 0) return tl::unexpected(failed("opening", path, errno));
  struct stat about {};
  if (fstat(file.get(), &about) != 0)
    return tl::unexpected(failed("looking at", path, errno));
  if (!S_ISREG(about.st_mode) && !S_ISFIFO(about.st_mode))
    return tl::unexpected(Failure{.doing = "reading",
                                  .value = path,
                                  .cause = "not a regular file or a pipe"});
  // A pipe, such as the shell's <(COMMAND), may be slower than we are.
  if (S_ISFIFO(about.st_mode)) fcntl(file.get(), F_SETFL, 0);
  const auto size = read_pieces(file.get(), path, limit, take);
  if (!size) return tl::unexpected(size.error());
  // Files of /proc say 0.
  if (S_ISREG(about.st_mode) && *size < static_cast<std::size_t>(about.st_size))
    return tl::unexpected(Failure{.doing = "reading",
                                  .value = path,
                                  .cause = "shorter than it was a moment ago",
                                  .next = "try again"});
  return {};
}

Result<std::string> read_descriptor(int fd, const std::string& name,
                                    std::size_t limit) {
  std::string text;
  const auto size = read_pieces(
      fd, name, limit, [&text](std::string_view piece) { text += piece; });
  if (!size) return tl::unexpected(size.error());
  return text;
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  if (path == "-") return read_descriptor(STDIN_FILENO, "stdin", limit);
  std::string text;
  const auto read = read_pieces(
      path, limit, [&text](std::string_view piece) { text += piece; });
  if (!read) return tl::unexpected(read.error());
  return text;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (written == 0) errno = EIO;
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::optional<std::string> random_name(std::string prefix) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::uint8_t, 8> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) !=
      static_cast<ssize_t>(bytes.size()))
    return std::nullopt;
  for (const unsigned byte : bytes) {
    prefix += kDigits[byte >> 4];
    prefix += kDigits[byte & 15];
  }
  return prefix;
}

}  // namespace doff

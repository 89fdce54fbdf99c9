#include "helper/runtime/complaint.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace doff {
namespace {

// Text in a buffer, cut where that ends. A message is one write: two runtimes
// that append to the same log do not mix.
class Text {
 public:
  void add(std::string_view text) {
    for (const char c : text)
      if (size_ < bytes_.size() - kTail) bytes_[size_++] = c;
  }
  // As in a JSON string. What is not ASCII may be cut in the middle of a
  // character by whoever wrote it, and readers want UTF-8.
  void add_escaped(std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        add("\\");
        add({&c, 1});
      } else if (byte >= ' ' && byte < 0x7f) {
        add({&c, 1});
      } else {
        add("\\u00");
        add({&kHex[byte / 16], 1});
        add({&kHex[byte % 16], 1});
      }
    }
  }
  // Even if all else was cut.
  void end(std::string_view text) {
    for (const char c : text)
      if (size_ < bytes_.size()) bytes_[size_++] = c;
  }
  void write_to(int fd) const {
    // Nobody is left to be told that nobody can be told.
    if (write(fd, bytes_.data(), size_) < 0) return;
  }

 private:
  static constexpr std::size_t kTail = 8;
  std::array<char, 8192> bytes_;
  std::size_t size_ = 0;
};

void append_to_log(const CommandLine& line, std::string_view level,
                   std::span<const std::string_view> pieces) {
  constexpr mode_t kMode = 0644;
  const int fd = open(
      line.log,
      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, kMode);
  if (fd < 0) return;
  std::array<char, 32> buffer{};
  Text text;
  text.add(line.log_is_json ? R"({"time":")" : R"(time=")");
  text.add(now(buffer));
  text.add(line.log_is_json ? R"(","level":")" : R"(" level=)");
  text.add(level);
  text.add(line.log_is_json ? R"(","msg":")" : R"( msg=")");
  text.add_escaped("doff-runtime: ");
  for (const std::string_view piece : pieces) text.add_escaped(piece);
  text.end(line.log_is_json ? "\"}\n" : "\"\n");
  text.write_to(fd);
  close(fd);
}

}  // namespace

std::string_view now(std::array<char, 32>& buffer) {
  const std::time_t seconds = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return {buffer.data(), std::strftime(buffer.data(), buffer.size(),
                                       "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string_view describe(int error) {
  if (error == ENOENT) return "is not there";
  if (error == EACCES) return "may not be used by this user";
  // The only thread.
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  return std::strerror(error);
}

void say(const CommandLine& line, Level level,
         std::span<const std::string_view> pieces) {
  Text text;
  text.add(level == Level::kWarning ? "doff-runtime: warning: "
                                    : "doff-runtime: ");
  for (const std::string_view piece : pieces) text.add(piece);
  text.end("\n");
  text.write_to(STDERR_FILENO);
  if (line.log != nullptr && *line.log != '\0')
    append_to_log(line, level == Level::kWarning ? "warning" : "error", pieces);
}

int complain(const CommandLine& line,
             std::span<const std::string_view> pieces) {
  say(line, Level::kError, pieces);
  return line.subcommand == "exec" ? 255 : 1;
}

}  // namespace doff

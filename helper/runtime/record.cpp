#include "helper/runtime/record.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <string_view>

#include "helper/descriptor.h"
#include "helper/runtime/complaint.h"
#include "helper/words.h"

namespace doff {
namespace {

using Json = nlohmann::ordered_json;

Json sets(const SpecSets& sets) {
  return {{"bounding", hex_text(sets.bounding)},
          {"permitted", hex_text(sets.permitted)},
          {"effective", hex_text(sets.effective)},
          {"inheritable", hex_text(sets.inheritable)},
          {"ambient", hex_text(sets.ambient)}};
}

Failure failed(const char* where, int error) {
  return {.doing = "the connect record",
          .value = where,
          .error = error,
          .next = "this exec is not recorded"};
}

// To a socket that a daemon listens on, in one datagram.
Result<void> send_to(const char* path, const std::string& message) {
  const Descriptor fd(
      socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(std::string_view(path), address.sun_path);
  if (fd.get() >= 0 &&
      sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address),
             sizeof(address)) == static_cast<ssize_t>(message.size()))
    return {};
  return tl::unexpected(failed(path, errno));
}

Result<void> append_to(const char* path, const std::string& line) {
  constexpr mode_t kMode = 0640;
  const Descriptor fd(open(path,
                           O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
                               O_NONBLOCK | O_NOCTTY | O_NOFOLLOW,
                           kMode));
  if (fd.get() < 0) return tl::unexpected(failed(path, errno));
  const ssize_t wrote = write(fd.get(), line.data(), line.size());
  if (wrote == static_cast<ssize_t>(line.size())) return {};
  const int error = wrote < 0 ? errno : ENOSPC;
  // The next one begins a line, if there is room for that.
  if (wrote > 0 && write(fd.get(), "\n", 1) < 0)
    return tl::unexpected(failed(path, error));
  return tl::unexpected(failed(path, error));
}

constexpr std::size_t kLongestDatagram = std::size_t{32} << 10;

// Nothing in it is longer than 2 KiB, of which JSON makes six times that.
ConnectRecord cut(ConnectRecord record) {
  constexpr std::size_t kLongest = 2048;
  record.arguments.resize(std::min<std::size_t>(record.arguments.size(), 1));
  for (std::string& each : record.arguments)
    each.resize(std::min(each.size(), kLongest));
  for (std::string* const each :
       {&record.cause, &record.container, &record.policy})
    each->resize(std::min(each->size(), kLongest));
  return record;
}

}  // namespace

std::string to_json(const ConnectRecord& record, bool with_arguments) {
  std::array<char, 32> buffer{};
  Json json = {
      {"time", now(buffer)},
      {"container", record.container},
      {"uid", record.uid},
      {"gid", record.gid},
      {"terminal", record.terminal},
      {"command", record.arguments.empty() ? "" : record.arguments.front()}};
  if (with_arguments) json["arguments"] = record.arguments;
  json["decision"] = record.decision;
  json["before"] = sets(record.before);
  if (!record.cause.empty()) {
    json["cause"] = record.cause;
  } else {
    json["after"] = sets(record.after);
    json["verdict"] = kVerdictNames[static_cast<std::size_t>(record.verdict)];
  }
  json["policy"] = record.policy;
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Result<void> write_record(const Settings& settings,
                          const ConnectRecord& record) {
  const std::string_view where = settings.record;
  if (where == "none") return {};
  std::string line = to_json(record, settings.record_arguments);
  // Who types the command must not be able to make it too long for a datagram.
  if (where.front() != '/' && line.size() > kLongestDatagram)
    line = to_json(cut(record), false);
  // systemd.journal-fields(7); the line has no newline in it.
  if (where == "journald")
    return send_to(
        "/run/systemd/journal/socket",
        "SYSLOG_IDENTIFIER=doff-runtime\nPRIORITY=5\nMESSAGE=" + line + "\n");
  // RFC 3164: facility authpriv (10), severity notice (5).
  if (where == "syslog")
    return send_to("/dev/log", "<85>doff-runtime: " + line);
  return append_to(settings.record, line + "\n");
}

}  // namespace doff

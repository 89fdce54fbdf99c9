#include "helper/failure.h"

#include <cstring>
#include <string_view>

namespace doff {

namespace {

// `kept` is what stays besides the rest of printable ASCII.
std::string escaped(std::string_view bytes, std::string_view kept) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool harmless = byte >= ' ' && byte < 0x7f && c != '"' && c != '\\';
    if (harmless || kept.find(c) != std::string_view::npos)
      text += c;
    else
      text.append("\\u00")
          .append(1, kHex[byte / 16])
          .append(1, kHex[byte % 16]);
  }
  return text;
}

}  // namespace

std::string escaped(std::string_view bytes) { return escaped(bytes, ""); }

std::string printable(std::string_view text) {
  return escaped(text, "\"\\\n\t");
}

std::string to_text(const Failure& failure) {
  std::string text;
  if (!failure.place.file.empty()) text += escaped(failure.place.file) + ":";
  if (failure.place.line != 0)
    text += std::to_string(failure.place.line) + ":" +
            std::to_string(failure.place.column) + ":";
  if (!text.empty()) text += " ";
  text += failure.doing;
  if (!failure.value.empty()) text += " \"" + escaped(failure.value) + "\"";
  if (!failure.cause.empty()) text += ": " + failure.cause;
  if (failure.error != 0)
    text += std::string(failure.cause.empty() ? ": " : " (") +
            std::strerror(failure.error) + (failure.cause.empty() ? "" : ")");
  if (!failure.guess.empty())
    text += "; did you mean \"" + failure.guess + "\"?";
  if (!failure.next.empty()) text += "; " + failure.next;
  return text;
}

}  // namespace doff

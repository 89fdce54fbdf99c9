#include "helper/doctor/image.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "helper/runtime/digest.h"

// The bytes of the program, which the build has made before.
asm(R"(
.pushsection .rodata
.global doff_wait_program
.global doff_wait_program_end
doff_wait_program:
.incbin ")" DOFF_WAIT_PROGRAM R"("
doff_wait_program_end:
.popsection
)");
extern "C" {
extern const char doff_wait_program;
extern const char doff_wait_program_end;
}

namespace doff {
namespace {

constexpr std::size_t kBlock = 512;

// The header of POSIX.1-1988, "ustar Interchange Format": text in fields.
struct Header {
  std::array<char, kBlock> bytes{};

  void put(std::size_t offset, std::string_view text) {
    std::ranges::copy(text, &bytes[offset]);
  }
  // Octal digits and a NUL.
  void put_number(std::size_t offset, int digits, std::size_t value) {
    std::array<char, 24> text{};
    static_cast<void>(
        std::snprintf(text.data(), text.size(), "%0*zo", digits, value));
    put(offset, text.data());
  }
};

void pad(std::string& archive) {
  archive.resize((archive.size() + kBlock - 1) / kBlock * kBlock, '\0');
}

}  // namespace

std::string_view wait_program() {
  return {&doff_wait_program, &doff_wait_program_end};
}

void append_file(std::string& archive, std::string_view path,
                 std::string_view content) {
  Header header;
  header.put(0, path);
  header.put_number(100, 7, 0755);
  header.put_number(108, 7, 0);  // root
  header.put_number(116, 7, 0);
  header.put_number(124, 11, content.size());
  header.put_number(136, 11, 0);  // 1970: the same bytes each time
  header.put(148, "        0");   // the sum, as it counts; a regular file
  header.put(257, "ustar");
  header.put(263, "00");
  std::size_t sum = 0;
  for (const char each : header.bytes) sum += static_cast<unsigned char>(each);
  header.put_number(148, 6, sum);
  header.bytes[154] = '\0';
  archive.append(header.bytes.data(), header.bytes.size()).append(content);
  pad(archive);
}

void end_archive(std::string& archive) { archive.append(2 * kBlock, '\0'); }

std::string image_archive(std::string_view name, std::string_view architecture,
                          std::string_view program) {
  using Json = nlohmann::ordered_json;
  std::string layer;
  append_file(layer, std::string_view(kWaitPath).substr(1), program);
  end_archive(layer);
  const std::string config =
      Json{
          {"architecture", architecture},
          {"os", "linux"},
          {"config", Json::object()},
          {"rootfs",
           {{"type", "layers"}, {"diff_ids", Json::array({digest_of(layer)})}}}}
          .dump();
  const std::string config_file =
      digest_of(config).substr(std::string_view("sha256:").size()) + ".json";
  const std::string manifest =
      Json::array({{{"Config", config_file},
                    {"RepoTags", Json::array({name})},
                    {"Layers", Json::array({"layer.tar"})}}})
          .dump();
  std::string archive;
  append_file(archive, config_file, config);
  append_file(archive, "layer.tar", layer);
  append_file(archive, "manifest.json", manifest);
  end_archive(archive);
  return archive;
}

std::string_view image_architecture(std::string_view machine) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5>
      kNames = {{{"x86_64", "amd64"},
                 {"aarch64", "arm64"},
                 {"armv7l", "arm"},
                 {"i686", "386"},
                 {"loongarch64", "loong64"}}};
  for (const auto& [theirs, ours] : kNames)
    if (machine == theirs) return ours;
  return machine;  // riscv64, ppc64le, s390x
}

}  // namespace doff

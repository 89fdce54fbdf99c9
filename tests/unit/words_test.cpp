#include "helper/words.h"

#include <catch2/catch.hpp>
#include <string>

#include "caps/names.h"

namespace {

using doff::CapabilitySet;
using doff::only;
using doff::Words;

}  // namespace

TEST_CASE("a capability's name is read in any case, with or without CAP_") {
  for (const char* word :
       {"NET_RAW", "net_raw", "CAP_NET_RAW", "cap_net_raw"}) {
    INFO(word);
    Words words;
    REQUIRE(doff::add_word(word, words));
    CHECK(words == Words{.all = false, .named = only("NET_RAW")});
  }
}

TEST_CASE("ALL stays apart from names") {
  Words words;
  REQUIRE(doff::add_words("all,KILL", words));
  CHECK(words == Words{.all = true, .named = only("KILL")});
}

TEST_CASE("a wrong word is named, with the nearest, and nothing is added") {
  struct Row {
    const char* list;
    const char* value;
    const char* guess;
  };
  for (const Row& row :
       {Row{"KILL,NET_RAV", "NET_RAV", "NET_RAW"},
        Row{"KILL,CAP_CHOWM", "CAP_CHOWM", "CHOWN"},
        Row{"KILL,13", "13", "NET_RAW"}, Row{"KILL,41", "41", ""},
        Row{"KILL,CAP_ALL", "CAP_ALL", "ALL"}, Row{"KILL,AL", "AL", "ALL"},
        Row{"KILL,ILL", "ILL", "KILL"}, Row{"KILL,NONE", "NONE", ""},
        Row{"KILL,", "", ""}, Row{"", "", ""},
        Row{"KILL, NET_RAW", " NET_RAW", "NET_RAW"}}) {
    INFO("'" << row.list << "'");
    Words words;
    const auto added = doff::add_words(row.list, words);
    REQUIRE(!added);
    CHECK(added.error().value == row.value);
    CHECK(added.error().guess == row.guess);
    CHECK(words.empty());
  }
}

TEST_CASE("the text forms") {
  const CapabilitySet nameless{std::uint64_t{1} << 50};
  CHECK(doff::names({}) == "none");
  CHECK(doff::names(only("KILL") | only("CHOWN") | nameless) ==
        "CHOWN,KILL,50");
  CHECK(doff::hex_text(CapabilitySet(0x4a82c35fb)) == "00000004a82c35fb");
  for (const doff::Capability each : doff::kAllCapabilities) {
    Words words;
    REQUIRE(doff::add_word(doff::canonical_name(each), words));
    CHECK(words.named == CapabilitySet(each));
    CHECK(doff::canonical_name(each) == "CAP_" + doff::short_name(each));
  }
}

// What the scripts for bash and zsh have in common: one table, looked up by
// what stands before the word that is completed. Pure.
#pragma once

#include <string>
#include <vector>

#include "helper/completion/description.h"

namespace doff {

// Keys: "PATH --OPTION" for what follows an option, "PATH N" for the Nth word
// behind the command, "PATH *" for each later one, "PATH -" for the options,
// "PATH WORD" for a subcommand, "PATH --" where a command of one's own stands
// behind two dashes.
struct Lookup {
  std::string key;
  std::string kind;  // any, files, words, list, options, run, or
                     // subcommands, and subcommand for one
  std::vector<Described> words;
};
std::vector<Lookup> lookups_of(const std::vector<DescribedCommand>& commands);

// `text` as one word for bash and zsh.
std::string shell_word(const std::string& text);

}  // namespace doff

// What the launcher says when it stops: by its own refuse(), which would end
// this process.
#pragma once

#include <string>

#include "launcher/failure.h"

namespace doff::fuzz {

// The line on stderr, without its newline. Checks that it is one, that it is
// printable, and that the exit status is the failure's.
std::string message(const Failure& failure);

}  // namespace doff::fuzz

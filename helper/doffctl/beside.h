// The launcher that doffctl starts or copies.
#pragma once

#include <filesystem>
#include <string>

#include "helper/failure.h"

namespace doff {

bool is_program(const std::filesystem::path& path);

// What --doff names, or without it ("") the doff beside doffctl, where both the
// installation and the build have it.
[[nodiscard]] Result<std::string> find_doff(const std::string& given);

}  // namespace doff

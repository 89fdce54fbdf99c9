// The filters that are proven: each profile as compiled for each architecture.
#pragma once

#include <linux/filter.h>

#include <span>
#include <string>

#include "statement.h"

struct Subject {
  const statement::Architecture& architecture;
  statement::Profile profile;
  std::span<const sock_filter> code;

  [[nodiscard]] std::string name() const;
};

std::span<const Subject> subjects();

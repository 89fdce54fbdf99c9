// doff-attack put into somebody's root file system for as long as it is needed.
#pragma once

#include <sys/types.h>

#include <string>

#include "helper/descriptor.h"
#include "helper/failure.h"
#include "helper/install_shell/root.h"

namespace doff {

// A directory of our own there: the program, and beside it the files that its
// `prepare` makes. Nothing that was there is written to.
class Placed {
 public:
  // In the first directory that can be written and executed from, those that
  // honour set-user-ID bits before others. No path of that root leads outside.
  [[nodiscard]] static Result<Placed> make(const Root& root);
  Placed(Placed&& other) = default;
  Placed& operator=(Placed&&) = delete;
  Placed(const Placed&) = delete;
  Placed& operator=(const Placed&) = delete;
  ~Placed();

  // As a process with that root sees them.
  [[nodiscard]] std::string program() const;
  [[nodiscard]] std::string prepared() const { return path_; }
  // The open directory, for a process of ours.
  [[nodiscard]] int directory() const { return directory_.get(); }

  // Takes it away. A failure names what is left.
  [[nodiscard]] Result<void> remove();

 private:
  Placed(Descriptor parent, std::string path, std::string shown);
  [[nodiscard]] Result<void> fill();

  Descriptor parent_;
  Descriptor directory_;
  std::string path_;
  std::string shown_;  // the path as it is outside
  bool there_ = true;
};

}  // namespace doff

// A container of doctor's own, in one engine, that is gone afterwards.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "helper/descriptor.h"
#include "helper/doctor/calls.h"
#include "helper/failure.h"
#include "helper/processes/status.h"

namespace doff {

// Its container and its image have a name that nobody else has, and hold
// nothing but a program that waits. Nothing is fetched, and it has no network.
class ThrowAway {
 public:
  virtual ~ThrowAway() = default;
  ThrowAway(const ThrowAway&) = delete;
  ThrowAway& operator=(const ThrowAway&) = delete;

  // Makes the image and starts the container under doff.
  [[nodiscard]] virtual Result<void> start() = 0;
  // Of its first process, in this /proc if the engine is on this host.
  [[nodiscard]] virtual Result<Pid> first_process() = 0;
  // Has the engine start the command in it, as for a person who connects.
  [[nodiscard]] virtual Result<void> connect(bool terminal) = 0;
  // Takes all of it away, however much of it there is, and looks whether it is
  // gone. A failure names what is left.
  [[nodiscard]] virtual Result<void> remove() = 0;

  // The command lines of the first process and of the command, as words.
  [[nodiscard]] std::vector<std::string> first_command() const;
  [[nodiscard]] std::vector<std::string> command() const;

 protected:
  explicit ThrowAway(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string image() const;
  // An open file with the image, from its beginning.
  [[nodiscard]] Result<Descriptor> image_file() const;

 private:
  std::string name_;
};

// Docker's client, or Podman, which takes the same words.
std::unique_ptr<ThrowAway> throw_away_in_docker(const Calls& calls,
                                                const std::string& client);
// ctr, in a namespace of its own; `runtime` is the path of doff-runtime.
std::unique_ptr<ThrowAway> throw_away_in_containerd(const Calls& calls,
                                                    const std::string& client,
                                                    const std::string& runtime);

}  // namespace doff

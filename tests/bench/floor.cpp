// floor COMMAND [ARG...]: the least that a program can do and still have
// dropped everything and looked: what doff is measured against. Written by
// hand, with none of its code, and linked as it is.
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace {

// Calls `visit` for each capability of the bounding set; false: unreadable.
template <typename Visit>
bool each_bounding(const Visit& visit) {
  for (int each = 0; each < 64; ++each) {
    const int held = prctl(PR_CAPBSET_READ, each, 0, 0, 0);
    if (held < 0) return errno == EINVAL && each > 0;
    if (held == 1) visit(each);
  }
  return true;
}

bool reduce() {
  if (!each_bounding([](int each) {
        // Its drops go on working without it in the bounding set.
        prctl(PR_CAPBSET_DROP, each, 0, 0, 0);
      }))
    return false;
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, 2> none{};
  return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
         syscall(SYS_capset, &header, none.data()) == 0 &&
         prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

bool is_reduced() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return false;
  for (const auto& half : data)
    if ((half.permitted | half.effective | half.inheritable) != 0) return false;
  int left = 0;
  return each_bounding([&](int) { ++left; }) && left == 0 &&
         prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

}  // namespace

int main(int argc, char** argv, char** environment) {
  if (argc < 2 || !reduce() || !is_reduced()) return 125;
  execve(argv[1], argv + 1, environment);
  return 127;
}

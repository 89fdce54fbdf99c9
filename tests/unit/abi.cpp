// What doff-runtime-rewrite hands to its libc and gets from it, as the libc's
// headers lay it out: sizes, offsets, numbers. Compiled with glibc's headers
// and with musl's it has to print the same; see
// helper/runtime/musl_for_glibc.cmake.
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include <clocale>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <cwchar>

namespace {

// glibc's of these two is that much larger than musl's, which may be.
#if defined(__aarch64__) && !defined(__GLIBC__)
constexpr std::size_t kSmaller = 8;
#else
constexpr std::size_t kSmaller = 0;
#endif

struct Row {
  const char* name;
  std::size_t offset;
  std::size_t size;
};

constexpr Row kRows[] = {
    {"stat", 0, sizeof(struct stat)},
    {"st_dev", offsetof(struct stat, st_dev), sizeof(stat::st_dev)},
    {"st_ino", offsetof(struct stat, st_ino), sizeof(stat::st_ino)},
    {"st_mode", offsetof(struct stat, st_mode), sizeof(stat::st_mode)},
    {"st_nlink", offsetof(struct stat, st_nlink), sizeof(stat::st_nlink)},
    {"st_uid", offsetof(struct stat, st_uid), sizeof(stat::st_uid)},
    {"st_gid", offsetof(struct stat, st_gid), sizeof(stat::st_gid)},
    {"st_size", offsetof(struct stat, st_size), sizeof(stat::st_size)},
    {"st_ctim", offsetof(struct stat, st_ctim), sizeof(stat::st_ctim)},
    {"statvfs", 0, sizeof(struct statvfs)},
    {"f_flag", offsetof(struct statvfs, f_flag), sizeof(statvfs::f_flag)},
    {"ST_RDONLY", 0, ST_RDONLY},
    {"ST_NOSUID", 0, ST_NOSUID},
    {"sigset_t", 0, sizeof(sigset_t)},
    {"sigaction", 0, sizeof(struct sigaction)},
    {"sa_handler", offsetof(struct sigaction, sa_handler), sizeof(void*)},
    {"sa_mask", offsetof(struct sigaction, sa_mask), sizeof(sigset_t)},
    {"sa_flags", offsetof(struct sigaction, sa_flags), sizeof(int)},
    {"sockaddr_un", 0, sizeof(sockaddr_un)},
    {"sun_path", offsetof(sockaddr_un, sun_path),
     sizeof(sockaddr_un::sun_path)},
    {"MSG_NOSIGNAL", 0, MSG_NOSIGNAL},
    {"SOCK_CLOEXEC", 0, SOCK_CLOEXEC},
    {"SOCK_NONBLOCK", 0, SOCK_NONBLOCK},
    {"O_PATH", 0, O_PATH},
    {"O_DIRECTORY", 0, O_DIRECTORY},
    {"O_NOFOLLOW", 0, O_NOFOLLOW},
    {"O_CLOEXEC", 0, O_CLOEXEC},
    {"dirent", 0, sizeof(dirent)},
    {"d_name", offsetof(dirent, d_name), sizeof(dirent::d_name)},
    {"timespec", 0, sizeof(timespec)},
    {"tm", 0, sizeof(tm)},
    {"tm_year", offsetof(tm, tm_year), sizeof(tm::tm_year)},
    {"CLOCK_REALTIME", 0, CLOCK_REALTIME},
    {"_SC_NPROCESSORS_ONLN", 0, _SC_NPROCESSORS_ONLN},
    // Of nlohmann's JSON.
    {"decimal_point", offsetof(lconv, decimal_point), sizeof(char*)},
    {"thousands_sep", offsetof(lconv, thousands_sep), sizeof(char*)},
    // Of libstdc++.
    {"pthread_t", 0, sizeof(pthread_t)},
    {"pthread_attr_t", 0, sizeof(pthread_attr_t) + kSmaller},
    {"pthread_mutex_t", 0, sizeof(pthread_mutex_t) + kSmaller},
    {"pthread_cond_t", 0, sizeof(pthread_cond_t)},
    {"pthread_once_t", 0, sizeof(pthread_once_t)},
    {"pthread_key_t", 0, sizeof(pthread_key_t)},
    {"mbstate_t", 0, sizeof(mbstate_t)},
};

}  // namespace

int main() {
  for (const Row& row : kRows)
    std::printf("%s: %zu at %zu\n", row.name, row.size, row.offset);
  return 0;
}

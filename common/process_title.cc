// Writing the process title over the argument strings.
#include "common/process_title.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>

#include "common/platform.h"

extern char** environ;

namespace pgring {
namespace {

constexpr std::string_view kPrefix = "pgringd: ";

// The end of the strings that lie one behind another from `end` on, as the kernel put them.
char* end_of_strings(char** strings, char* end) {
  for (; *strings != nullptr && *strings == end; ++strings) end += std::strlen(end) + 1;
  return end;
}

// The copy belongs to `environ` and, like what it replaces, lives as long as the process.
void move_environment() {
  std::size_t count = 0;
  while (environ[count] != nullptr) ++count;
  char** moved = new char*[count + 1];
  for (std::size_t i = 0; i < count; ++i) moved[i] = ::strdup(environ[i]);
  moved[count] = nullptr;
  environ = moved;
}

// The short name is 15 bytes: "pgringd" for the master, which pgrep and start-stop-daemon look for,
// "pgringd:worker1" for the others.
std::string short_name(std::string_view role) {
  std::string name = "pgringd";
  if (role == "master") return name;
  name += ':';
  std::copy_if(role.begin(), role.end(), std::back_inserter(name), [](char c) { return c != ' '; });
  return name;
}

}  // namespace

ProcessTitle::ProcessTitle(int argc, char** argv) {
  if (!arguments_are_shown() || argc < 1) return;
  char* end = end_of_strings(argv, argv[0]);
  end = end_of_strings(environ, end);
  move_environment();
  area_ = argv[0];
  size_ = static_cast<std::size_t>(end - area_);
}

void ProcessTitle::set(std::string_view role) const {
  set_thread_name(short_name(role).c_str());
  if (size_ == 0) return;
  std::string title(kPrefix);
  title += role;
  const std::size_t length = std::min(title.size(), size_ - 1);
  std::memcpy(area_, title.data(), length);
  std::memset(area_ + length, 0, size_ - length);
}

}  // namespace pgring

// The classic double fork, with a pipe on which the daemon reports how its start went.
//
// The report is one byte, the exit code, and then the text for stderr. No byte at all means that
// the daemon died without a word.
#include "master/daemonize.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "common/platform.h"

namespace pgring {
namespace {

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody is left to tell
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

// The daemon's message. A failure's text ends with the daemon; of a success the first byte says all,
// and the end would not come: workers and logger have inherited the other end of the pipe.
std::string read_message(int fd) {
  std::string bytes;
  std::array<char, 1024> chunk;
  for (;;) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return bytes;
    bytes.append(chunk.data(), static_cast<std::size_t>(got));
    if (bytes.front() == '\0') return bytes;
  }
}

[[noreturn]] void wait_for_daemon(Fd line, pid_t first_child) {
  const std::string message = read_message(line.get());
  while (::waitpid(first_child, nullptr, 0) < 0 && errno == EINTR) {
  }
  const StartupOutcome outcome = read_startup_outcome(message);
  write_all(STDERR_FILENO, outcome.text);
  ::_exit(outcome.exit_code);
}

void detach_stdio() {
  Fd null(::open("/dev/null", O_RDWR));
  if (!null) throw std::system_error(errno, std::generic_category(), "/dev/null");
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), fd);
  if (null.get() <= STDERR_FILENO) null.release();  // one of the three was closed before
}

}  // namespace

void StartupReport::ready() {
  if (!line_) return;
  // The waiting process may be gone, for example by Ctrl-C: that must not kill the daemon.
  struct sigaction ignoring {};
  struct sigaction before {};
  ignoring.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignoring, &before);
  write_all(line_.get(), std::string_view("\0", 1));
  ::sigaction(SIGPIPE, &before, nullptr);
  line_.reset();
}

void StartupReport::failed(int exit_code, std::string_view text) {
  std::string message(text);
  if (message.empty() || message.back() != '\n') message += '\n';
  if (!line_) {
    write_all(STDERR_FILENO, message);
    return;
  }
  message.insert(message.begin(), static_cast<char>(exit_code));
  ::signal(SIGPIPE, SIG_IGN);  // this process is about to exit
  write_all(line_.get(), message);
  line_.reset();
}

StartupOutcome read_startup_outcome(std::string_view message) {
  if (message.empty()) return {.exit_code = 1, .text = "pgringd died before it was ready\n"};
  return {.exit_code = static_cast<unsigned char>(message[0]), .text = message.substr(1)};
}

StartupReport daemonize() {
  Pipe line = make_pipe(PipeMode::kBlocking);
  const pid_t first = ::fork();
  if (first < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (first > 0) {
    line.write.reset();
    wait_for_daemon(std::move(line.read), first);
  }
  line.read.reset();
  StartupReport report(std::move(line.write));
  ::setsid();
  // Not the leader of its session any more, the daemon can never get a controlling terminal.
  const pid_t second = ::fork();
  if (second < 0) report.failed(1, std::string("pgringd: fork: ") + ::strerror(errno));
  if (second != 0) ::_exit(0);
  if (::chdir("/") != 0) {
    report.failed(1, std::string("pgringd: chdir /: ") + ::strerror(errno));
    ::_exit(1);
  }
  detach_stdio();
  return report;
}

}  // namespace pgring

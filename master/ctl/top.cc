// `pgringctl top`: a screen that is drawn anew every few seconds until q or Ctrl-C.
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "master/ctl/commands.h"
#include "master/ctl/frame.h"

namespace pgring::ctl {
namespace {

volatile std::sig_atomic_t stop_wanted = 0;
void on_stop(int) { stop_wanted = 1; }

// The alternate screen, without cursor and echo, for as long as it lives.
class Screen {
 public:
  Screen() {
    if (tcgetattr(STDIN_FILENO, &before_) == 0) {
      termios raw = before_;
      raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
      tcsetattr(STDIN_FILENO, TCSANOW, &raw);
      has_input_ = true;
    }
    fmt::print("\033[?1049h\033[?25l");
  }
  ~Screen() {
    fmt::print("\033[?25h\033[?1049l");
    std::fflush(stdout);
    if (has_input_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  bool has_input() const { return has_input_; }

 private:
  termios before_{};
  bool has_input_ = false;
};

struct Size {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

Size terminal_size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return {};
  return {size.ws_row, size.ws_col};
}

// False where the user has pressed q or Ctrl-C.
bool wait(double seconds, bool has_input) {
  pollfd keys{STDIN_FILENO, POLLIN, 0};
  const int ready = ::poll(&keys, has_input ? 1 : 0, static_cast<int>(seconds * 1000));
  if (stop_wanted != 0) return false;
  if (ready <= 0) return true;
  char key = 0;
  return ::read(STDIN_FILENO, &key, 1) == 1 && key != 'q';
}

int run_once(const Options& options, Connection& connection, const std::string& version) {
  const Sample before = take_sample(connection);
  wait(options.interval, false);
  const Sample now = take_sample(connection);
  if (options.json) {
    fmt::print("{}", frame_to_json(before, now, version));
  } else {
    const Size size = terminal_size();
    fmt::print("{}", draw_frame(before, now, version, size.rows, size.columns));
  }
  return kOk;
}

}  // namespace

int run_top(const Options& options, Connection& connection) {
  std::signal(SIGINT, on_stop);
  std::signal(SIGTERM, on_stop);
  const std::string version = connection.ask("SHOW VERSION").cell(0, "version");
  if (options.once) return run_once(options, connection, version);
  const Screen screen;
  Sample before = take_sample(connection);
  for (double pause = 0.3; wait(pause, screen.has_input()); pause = options.interval) {
    Sample now = take_sample(connection);
    const Size size = terminal_size();
    const std::string frame =
        draw_frame(before, now, version, size.rows > 1 ? size.rows - 1 : 1, size.columns);
    std::string drawn = "\033[H";
    for (const char c : frame) drawn.append(c == '\n' ? "\033[K\n" : std::string(1, c));
    fmt::print("{}\033[J", drawn);
    std::fflush(stdout);
    before = std::move(now);
  }
  return kOk;
}

}  // namespace pgring::ctl

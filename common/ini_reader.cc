// Cuts INI files into lines and follows their includes.
#include "common/ini_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/fd.h"

namespace pgring {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-*";
constexpr std::string_view kInclude = "%include";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

using FileIdentity = std::pair<dev_t, ino_t>;

// The whole file in `text`; otherwise what is wrong with it.
std::string read_file(int fd, std::string& text) {
  for (;;) {
    const std::size_t size = text.size();
    text.resize(size + 65536);
    const ssize_t got = ::read(fd, text.data() + size, 65536);
    text.resize(size + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got == 0) return {};
    if (got < 0 && errno != EINTR) return std::strerror(errno);
    if (text.size() > kIniFileBytes) return fmt::format("larger than {} MB", kIniFileBytes >> 20);
  }
}

class Reader {
 public:
  IniContent take() { return std::move(content_); }

  // `from` is the line with the %include; it is empty for the first file.
  void read(const std::string& path, const IniLine& from) {
    if (++files_ > kIniFiles) {
      if (files_ == kIniFiles + 1) error(from, fmt::format("more than {} files", kIniFiles));
      return;
    }
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) {
      return cannot_read(path, from, std::strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) return cannot_read(path, from, "is a directory");
    const FileIdentity identity{status.st_dev, status.st_ino};
    if (std::find(open_.begin(), open_.end(), identity) != open_.end()) {
      return error(from, fmt::format("{} includes itself", in_quotes(path)));
    }
    std::string text;
    if (const std::string problem = read_file(fd.get(), text); !problem.empty()) {
      return cannot_read(path, from, problem);
    }
    open_.push_back(identity);
    split(path, text);
    open_.pop_back();
  }

 private:
  void error(const IniLine& at, std::string text) {
    content_.errors.push_back({at.file, at.line, std::move(text)});
  }

  void cannot_read(const std::string& path, const IniLine& from, std::string_view why) {
    if (from.file.empty()) {
      content_.errors.push_back({path, 0, fmt::format("cannot read: {}", why)});
    } else {
      error(from, fmt::format("cannot read {}: {}", in_quotes(path), why));
    }
  }

  void split(const std::string& path, std::string_view text) {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    for (int line = 1; !text.empty(); ++line) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      examine({path, line, section_, {}, {}}, text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  void examine(IniLine at, std::string_view line) {
    if (line.size() > kIniLineBytes) {
      return error(at, fmt::format("line is longer than {} bytes", kIniLineBytes));
    }
    line = trimmed(line);
    if (line.empty() || line[0] == ';' || line[0] == '#') return;
    if (line.find('\0') != std::string_view::npos) return error(at, "line holds a NUL byte");
    if (!is_utf8(line)) return error(at, "line is not valid UTF-8");
    if (line[0] == '[') return heading(std::move(at), line);
    if (line.starts_with(kInclude) && line.find_first_of(" \t") == kInclude.size()) {
      return include(at, std::string(trimmed(line.substr(kInclude.size()))));
    }
    assignment(std::move(at), line);
  }

  void heading(IniLine at, std::string_view line) {
    const std::size_t end = line.find(']');
    if (end == std::string_view::npos) {
      return error(at, fmt::format("section {} has no closing \"]\"", in_quotes(line)));
    }
    section_ = at.section = line.substr(1, end - 1);
    content_.lines.push_back(at);
    if (end + 1 < line.size()) examine(std::move(at), line.substr(end + 1));
  }

  void include(const IniLine& at, std::string path) {
    if (open_.size() > kIniIncludeDepth) {
      return error(at, fmt::format("includes are nested deeper than {}", kIniIncludeDepth));
    }
    const std::size_t slash = at.file.rfind('/');
    if (path[0] != '/' && slash != std::string::npos && ::access(path.c_str(), F_OK) != 0) {
      std::string beside = at.file.substr(0, slash + 1) + path;
      if (::access(beside.c_str(), F_OK) == 0) path = std::move(beside);
    }
    read(path, at);
  }

  // A name is plain, or in quotes with the quote itself doubled.
  void assignment(IniLine at, std::string_view line) {
    const std::string_view whole = line;
    if (line[0] == '\'' || line[0] == '"') {
      if (!quoted_name(line, at.key)) {
        return error(at, fmt::format("name in {} has no closing quote", in_quotes(whole)));
      }
    } else {
      at.key = line.substr(0, line.find_first_not_of(kNameCharacters));
      line.remove_prefix(at.key.size());
    }
    line = trimmed(line);
    if (at.key.empty())
      return error(at, fmt::format("{} is not \"name = value\"", in_quotes(whole)));
    if (line.empty() || line[0] != '=') {
      return error(at, line.empty() ? fmt::format("{} has no value: write \"{} = ...\"",
                                                  in_quotes(at.key), at.key)
                                    : fmt::format("{} is not \"name = value\"", in_quotes(whole)));
    }
    at.value = trimmed(line.substr(1));
    if (section_.empty()) {
      return error(at, fmt::format("{} stands before the first section", in_quotes(at.key)));
    }
    content_.lines.push_back(std::move(at));
  }

  static bool quoted_name(std::string_view& line, std::string& name) {
    const char quote = line[0];
    for (std::size_t i = 1; i < line.size(); ++i) {
      if (line[i] == quote) {
        if (i + 1 >= line.size() || line[i + 1] != quote) {
          line.remove_prefix(i + 1);
          return true;
        }
        ++i;
      }
      name += line[i];
    }
    return false;
  }

  IniContent content_;
  std::string section_;
  std::vector<FileIdentity> open_;  // the chain of includes being read
  int files_ = 0;
};

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

IniContent read_ini(const std::string& path) {
  Reader reader;
  reader.read(path, {});
  return reader.take();
}

}  // namespace pgring

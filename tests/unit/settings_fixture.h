// Configuration files in a directory of their own, and their problems as text without its name.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "common/settings_load.h"

namespace pgring {

class ConfigDirectory {
 public:
  ConfigDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "settings-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::filesystem::filesystem_error("mkdtemp", {});
    directory_ = name + "/";
  }
  ConfigDirectory(const ConfigDirectory&) = delete;
  ConfigDirectory& operator=(const ConfigDirectory&) = delete;
  ~ConfigDirectory() { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ + name; }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }
  LoadResult load(std::string_view text) const {
    write("pgring.ini", text);
    return load_settings(path("pgring.ini"));
  }
  // With what every configuration needs, behind `text`.
  LoadResult load_complete(const std::string& text) const {
    return load(text + "\n[pgring]\nauth_type = trust\n[databases]\n* =\n");
  }
  std::vector<std::string> texts(const Diagnostics& diagnostics) const {
    std::vector<std::string> lines;
    for (const Diagnostic& diagnostic : diagnostics) {
      std::string text = diagnostic.format();
      for (std::size_t at; (at = text.find(directory_)) != std::string::npos;) {
        text.erase(at, directory_.size());
      }
      lines.push_back(text);
    }
    return lines;
  }

 private:
  std::string directory_;  // ends in a slash
};

}  // namespace pgring

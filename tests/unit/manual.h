// Manual pages as the tests read them. Run from the top of the tree.
#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace pgring {

using Lines = std::vector<std::string>;

inline Lines lines_of(const std::string& path) {
  std::ifstream file(path);
  REQUIRE_MESSAGE(file.good(), path);
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The lines of one chapter.
inline Lines chapter_of(const std::string& page, std::string_view chapter) {
  Lines lines;
  bool inside = false;
  for (const std::string& line : lines_of(page)) {
    if (line.starts_with(".Sh ")) {
      inside = std::string_view(line).substr(4) == chapter;
    } else if (inside) {
      lines.push_back(line);
    }
  }
  REQUIRE_MESSAGE(!lines.empty(), page << ": " << chapter);
  return lines;
}

// What follows `macro` on the lines that begin with it.
inline Lines items_of(const Lines& lines, std::string_view macro) {
  Lines items;
  for (const std::string& line : lines) {
    if (line.starts_with(macro)) items.push_back(line.substr(macro.size()));
  }
  return items;
}

}  // namespace pgring

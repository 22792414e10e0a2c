// Tables and JSON.
#include "master/ctl/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "common/text_escape.h"

namespace pgring::ctl {
namespace {

// Characters of UTF-8: every byte that does not continue one.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string pad(std::string_view text, std::size_t to, bool right) {
  const std::string blanks(to - std::min(to, width(text)), ' ');
  return right ? blanks + std::string(text) : std::string(text) + blanks;
}

void add_line(std::string& out, const std::vector<std::string>& cells,
              const std::vector<std::size_t>& widths, const Answer& answer) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line.append(i == 0 ? "" : "  ").append(pad(cells[i], widths[i], answer.columns[i].number));
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out.append(line).push_back('\n');
}

}  // namespace

std::string to_table(const Answer& answer) {
  std::vector<std::size_t> widths;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < answer.columns.size(); ++i) {
    names.push_back(answer.columns[i].name);
    std::size_t widest = width(names.back());
    for (const auto& row : answer.rows) widest = std::max(widest, width(row[i].value_or("")));
    widths.push_back(widest);
  }
  std::string out;
  add_line(out, names, widths, answer);
  for (const auto& row : answer.rows) {
    std::vector<std::string> cells;
    for (const auto& cell : row) cells.push_back(cell.value_or(""));
    add_line(out, cells, widths, answer);
  }
  return out;
}

std::string to_json(const Answer& answer) {
  std::string out = "[";
  for (std::size_t row = 0; row < answer.rows.size(); ++row) {
    out.append(row == 0 ? "\n  {" : ",\n  {");
    for (std::size_t i = 0; i < answer.columns.size(); ++i) {
      const auto& cell = answer.rows[row][i];
      out.append(i == 0 ? "" : ", ").append(json_text(answer.columns[i].name)).append(": ");
      if (!cell) {
        out.append("null");
      } else {
        out.append(answer.columns[i].number && !cell->empty() ? *cell : json_text(*cell));
      }
    }
    out.append("}");
  }
  return out.append(answer.rows.empty() ? "]" : "\n]");
}

}  // namespace pgring::ctl

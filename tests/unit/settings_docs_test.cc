// etc/pgring.ini and pgring.ini(5) against the tables of settings, both ways.
#include <algorithm>
#include <map>

#include "common/ini_reader.h"
#include "common/log_fields.h"
#include "common/settings_table.h"
#include "tests/unit/manual.h"
#include "tests/unit/settings_fixture.h"

namespace pgring {
namespace {

using Entries = std::map<std::string, Lines>;  // a documented name and the lines that follow it

const std::string kSample = "etc/pgring.ini";
const std::string kManual = "man/pgring.ini.5";

// The entries of one chapter of the manual.
Entries manual_entries(std::string_view chapter) {
  Entries entries;
  Lines* current = nullptr;
  for (const std::string& line : chapter_of(kManual, chapter)) {
    if (line.starts_with(".It Ic ")) {
      const std::string name = line.substr(7);
      CHECK_MESSAGE(!entries.contains(name), name);
      current = &entries[name];
    } else if (current != nullptr) {
      current->push_back(line);
    }
  }
  return entries;
}

bool says(const Lines& lines, std::string_view text) {
  return std::find(lines.begin(), lines.end(), text) != lines.end();
}

// `.Ql 8 .` behind "Default:", or "Default: empty.".
std::string documented_default(const Lines& lines) {
  const auto at = std::find(lines.begin(), lines.end(), "Default:");
  if (at == lines.end()) return says(lines, "Default: empty.") ? "" : "undocumented";
  std::string text = at[1];
  if (!text.starts_with(".Ql ") || !text.ends_with(" .")) return text;
  text = text.substr(4, text.size() - 6);
  if (text.starts_with("\\-")) text.erase(0, 1);
  return text;
}

template <typename Table>
void check_names(const Entries& entries, const Table& table) {
  for (const auto& row : table) {
    CHECK_MESSAGE(entries.contains(std::string(row.name)), row.name << " is not in " << kManual);
  }
  for (const auto& [name, lines] : entries) {
    const auto* row = find_entry(table, name);
    CHECK_MESSAGE(row != nullptr, name << " is in " << kManual << " but not in the table");
    if (row == nullptr) continue;
    CHECK_MESSAGE(says(lines, "Not available in this version.") != row->available, name);
  }
}

// Active and commented settings of the sample's main section, with their values.
std::multimap<std::string, std::string> sample_settings(bool commented) {
  std::multimap<std::string, std::string> found;
  bool main_section = false;
  for (const std::string& line : lines_of(kSample)) {
    if (line.starts_with("[")) main_section = line == "[pgring]";
    const bool comment = line.starts_with(";");
    const std::size_t equals = line.find(" =");
    if (!main_section || line.starts_with(";;") || equals == std::string::npos) continue;
    if (comment != commented) continue;
    const std::size_t begin = comment ? 1 : 0;
    found.emplace(line.substr(begin, equals - begin), trimmed(line.substr(equals + 2)));
  }
  return found;
}

}  // namespace

TEST_CASE("sample: loads without a remark") {
  const LoadResult result = load_settings(kSample);
  for (const Diagnostic& error : result.errors) CHECK(error.format() == "");
  for (const Diagnostic& warning : result.warnings) CHECK(warning.format() == "");
}

TEST_CASE("sample: names every setting once, commented out at its default") {
  auto commented = sample_settings(true);
  const auto active = sample_settings(false);
  for (const auto& row : kSettings) {
    const std::string name(row.name);
    CHECK_MESSAGE(commented.count(name) + active.count(name) == 1, name);
    if (const auto at = commented.find(name); at != commented.end()) {
      CHECK_MESSAGE(at->second == row.default_text, name);
    }
  }
  commented.insert(active.begin(), active.end());
  for (const auto& [name, value] : commented) {
    CHECK_MESSAGE(find_entry(kSettings, name) != nullptr, name << " is no setting");
  }
}

TEST_CASE("sample: its commented lines are right when they are put in force") {
  const ConfigDirectory directory;
  std::string text;
  for (std::string line : lines_of(kSample)) {
    if (line.starts_with(";") && !line.starts_with(";;") && !line.starts_with(";%")) {
      line.erase(0, 1);
    }
    text += line + "\n";
  }
  CHECK(directory.texts(directory.load(text).errors) == Lines{});
}

TEST_CASE("manual: every setting with its default and when it takes effect, and no other") {
  const Entries entries = manual_entries("SETTINGS");
  check_names(entries, kSettings);
  for (const auto& row : kSettings) {
    const auto entry = entries.find(std::string(row.name));
    if (entry == entries.end()) continue;
    const bool meant = row.origin != Origin::kNoMeaning;
    CHECK_MESSAGE(documented_default(entry->second) == row.default_text, row.name);
    CHECK_MESSAGE(says(entry->second, "Has no meaning here:") != meant, row.name);
    CHECK_MESSAGE(
        says(entry->second, "Takes effect on reload.") == (meant && row.change == Change::kReload),
        row.name);
    CHECK_MESSAGE(says(entry->second, "Takes effect after a restart.") ==
                      (meant && row.change == Change::kRestart),
                  row.name);
  }
}

TEST_CASE("manual: every field of a log record, in order, with its name in the journal") {
  std::vector<std::string> expected, found;
  for (const LogFieldNames& names : kLogFields) expected.emplace_back(names.json);
  const Lines lines = manual_entries("SETTINGS").at("log_format");
  for (const std::string& line : lines) {
    if (line.starts_with(".It Ql ")) found.push_back(line.substr(7));
  }
  CHECK(found == expected);
  for (const LogFieldNames& names : kLogFields) {
    if (names.journal.empty()) continue;
    CHECK_MESSAGE(says(lines, ".Pq " + std::string(names.journal) + " ."), names.journal);
  }
}

TEST_CASE("manual: every key of [databases] and [users], and no other") {
  check_names(manual_entries("DATABASES"), kDatabaseKeys);
  check_names(manual_entries("USERS"), kUserKeys);
  std::string manual;
  for (const std::string& line : lines_of(kManual)) manual += line + "\n";
  for (const std::string_view key : kLibpqKeys) {
    CHECK_MESSAGE(manual.find(key) != std::string::npos, key);
  }
}

}  // namespace pgring

// One line of [databases] or [users].
#include <fmt/format.h>

#include <algorithm>

#include "common/ini_connection_string.h"
#include "common/settings_sections.h"
#include "common/settings_table.h"

namespace pgring {
namespace {

template <typename Table>
std::vector<std::string_view> names_of(const Table& table) {
  std::vector<std::string_view> names;
  for (const auto& row : table) names.push_back(row.name);
  return names;
}

// Remarks on one line, each beginning with whose line it is: `database "app": ...`.
class Remarks {
 public:
  Remarks(std::string_view kind, const IniLine& line, LoadResult& result)
      : line_(line), result_(result), subject_(fmt::format("{} {}", kind, in_quotes(line.key))) {}

  void error(std::string_view text) {
    result_.errors.push_back({line_.file, line_.line, fmt::format("{}: {}", subject_, text)});
  }
  void warning(std::string_view text) {
    result_.warnings.push_back({line_.file, line_.line, fmt::format("{}: {}", subject_, text)});
  }

 private:
  const IniLine& line_;
  LoadResult& result_;
  std::string subject_;
};

// One key=value into its member. False: the table has no such key.
template <typename Table, typename S>
bool assign(const Table& table, std::string_view key, std::string_view value, S& to,
            Remarks& remarks) {
  const auto* row = find_entry(table, key);
  if (row == nullptr) return false;
  if (!row->parse(to, value, row->limits)) {
    remarks.error(bad_value(*row, value));
  } else if (!row->available) {
    remarks.warning(
        fmt::format("{} is accepted, but not available in this version", in_quotes(key)));
  }
  return true;
}

template <typename Pairs>
void warn_of_repeats(const Pairs& pairs, Remarks& remarks) {
  for (auto it = pairs.begin(); it != pairs.end(); ++it) {
    const auto same = [&](const auto& pair) { return pair.first == it->first; };
    if (std::none_of(pairs.begin(), it, same) && std::any_of(it + 1, pairs.end(), same)) {
      remarks.warning(
          fmt::format("{} is given more than once; the last one counts", in_quotes(it->first)));
    }
  }
}

template <typename List>
bool name_taken(const List& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(), [&](const auto& e) { return e.name == name; });
}

void read_database_key(const std::string& key, const std::string& value, DatabaseSettings& database,
                       Remarks& remarks) {
  if (assign(kDatabaseKeys, key, value, database, remarks)) return;
  if (std::find(kLibpqKeys.begin(), kLibpqKeys.end(), key) != kLibpqKeys.end()) {
    database.other.emplace_back(key, value);
    return;
  }
  std::vector<std::string_view> known = names_of(kDatabaseKeys);
  known.insert(known.end(), kLibpqKeys.begin(), kLibpqKeys.end());
  remarks.error(
      fmt::format("unknown connection parameter {}{}", in_quotes(key), suggestion(key, known)));
}

}  // namespace

void read_database(const IniLine& line, LoadResult& result) {
  Remarks remarks("database", line, result);
  if (line.key == "pgring" || line.key == "pgbouncer") {
    return remarks.error("this name is reserved for the admin console");
  }
  if (name_taken(result.settings.databases, line.key)) {
    return remarks.error("defined more than once");
  }
  DatabaseSettings database;
  database.name = line.key;
  const ConnectionString string = parse_connection_string(line.value);
  if (!string.error.empty()) remarks.error(string.error);
  for (const auto& [key, value] : string.pairs) {
    read_database_key(key, value, database, remarks);
  }
  warn_of_repeats(string.pairs, remarks);
  if (database.dbname.empty() && database.name != "*") database.dbname = database.name;
  result.settings.databases.push_back(std::move(database));
}

void read_user(const IniLine& line, LoadResult& result) {
  Remarks remarks("user", line, result);
  if (name_taken(result.settings.users, line.key)) return remarks.error("defined more than once");
  UserSettings user;
  user.name = line.key;
  const ConnectionString string = parse_connection_string(line.value);
  if (!string.error.empty()) remarks.error(string.error);
  for (const auto& [key, value] : string.pairs) {
    if (!assign(kUserKeys, key, value, user, remarks)) {
      remarks.error(fmt::format("unknown user parameter {}{}", in_quotes(key),
                                suggestion(key, names_of(kUserKeys))));
    }
  }
  warn_of_repeats(string.pairs, remarks);
  result.settings.users.push_back(std::move(user));
}

}  // namespace pgring

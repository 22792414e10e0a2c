// What may share a connection with a client's unit: the strictest class among its statements.
#include <algorithm>

#include "common/statement_class.h"
#include "master/unit_reader.h"

namespace pgring {
namespace {

// Order of strictness; a unit is as strict as its strictest statement.
int strictness(TaskTraffic traffic) {
  switch (traffic) {
    case TaskTraffic::kIndependentRead:
      return 0;
    case TaskTraffic::kIndependentWrite:
      return 1;
    case TaskTraffic::kExclusive:
      return 2;
  }
  return 2;
}

TaskTraffic traffic_of(StatementKind kind) {
  switch (kind) {
    case StatementKind::kIndependentRead:
      return TaskTraffic::kIndependentRead;
    case StatementKind::kIndependentWrite:
      return TaskTraffic::kIndependentWrite;
    case StatementKind::kExclusive:
      return TaskTraffic::kExclusive;
  }
  return TaskTraffic::kExclusive;
}

}  // namespace

void UnitReader::raise(Client& client, TaskTraffic traffic) {
  if (strictness(traffic) > strictness(client.traffic)) client.traffic = traffic;
}

void UnitReader::classify(Client& client, std::string_view sql) {
  if (!client.classifiable) return raise(client, TaskTraffic::kExclusive);
  const StatementClass found = recent_.classify(sql, client.standard_strings);
  if (found.effect != SessionEffect::kNone) client.forgets_statements = true;
  raise(client, traffic_of(found.kind));
}

TaskTraffic UnitReader::classify_text(const Client& client, std::string_view sql) {
  if (!client.classifiable) return TaskTraffic::kExclusive;
  // A statement may outlive standard_conforming_strings as it is now: the class must hold in both.
  const TaskTraffic standard = traffic_of(classify_statement(sql, true).kind);
  if (sql.find('\\') == std::string_view::npos) return standard;
  return standard == traffic_of(classify_statement(sql, false).kind) ? standard
                                                                     : TaskTraffic::kExclusive;
}

}  // namespace pgring

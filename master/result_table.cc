// Building RowDescription and DataRow messages.
#include "master/result_table.h"

#include <stdexcept>

namespace pgring {
namespace {

struct WireType {
  uint32_t oid;
  uint16_t length;
};

// Source: pg_type.dat. The length of a variable type is -1.
WireType wire_type(ColumnType type) {
  switch (type) {
    case ColumnType::kText:
      return {25, 0xffff};
    case ColumnType::kInt4:
      return {23, 4};
    case ColumnType::kInt8:
      return {20, 8};
    case ColumnType::kNumeric:
      return {1700, 0xffff};
  }
  return {25, 0xffff};
}

}  // namespace

// Our own mistake, found by the first test that shows the table.
void ResultTable::begin_row(std::size_t values) {
  if (values != columns_.size()) throw std::logic_error("a row does not fit its columns");
  ++row_count_;
}

void ResultTable::add(wire::Builder& message, std::string_view text) {
  message.int32(static_cast<uint32_t>(text.size())).bytes(text);
}

void ResultTable::add(wire::Builder& message, std::nullopt_t) { message.int32(0xffffffff); }

void ResultTable::append_description(std::vector<char>& out, std::span<const Column> columns) {
  wire::Builder message(out, 'T');
  message.int16(static_cast<uint16_t>(columns.size()));
  for (const Column& column : columns) {
    const WireType type = wire_type(column.type);
    message.text(column.name).int32(0).int16(0);  // of no table
    message.int32(type.oid).int16(type.length).int32(0xffffffff).int16(0);
  }
}

bool ResultTable::take_rows(std::vector<char>& out, uint32_t limit) {
  std::size_t end = taken_;
  if (limit == 0) end = rows_.size();
  for (uint32_t i = 0; i < limit && end < rows_.size(); ++i) {
    end += wire::load32(rows_.data() + end + 1) + std::size_t{1};
  }
  out.insert(out.end(), rows_.begin() + static_cast<std::ptrdiff_t>(taken_),
             rows_.begin() + static_cast<std::ptrdiff_t>(end));
  taken_ = end;
  return taken_ < rows_.size();
}

}  // namespace pgring

// A result of the admin console: typed columns, and rows that are kept as the DataRow messages they
// will be sent as. Values are in text format. Source: PostgreSQL manual, "Message Formats".
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire.h"

namespace pgring {

enum class ColumnType : uint8_t { kText, kInt4, kInt8, kNumeric };

struct Column {
  std::string_view name;
  ColumnType type;
};

class ResultTable {
 public:
  explicit ResultTable(std::span<const Column> columns) : columns_(columns) {}

  // One value per column: text, whole numbers, std::nullopt or an optional for NULL.
  template <typename... Values>
  void row(const Values&... values) {
    begin_row(sizeof...(values));
    wire::Builder message(rows_, 'D');
    message.int16(static_cast<uint16_t>(sizeof...(values)));
    (add(message, values), ...);
  }

  static void append_description(std::vector<char>& out, std::span<const Column> columns);
  // Appends up to `limit` rows (0: all) behind those taken before; false where none are left then.
  bool take_rows(std::vector<char>& out, uint32_t limit);
  uint64_t row_count() const { return row_count_; }
  const std::vector<char>& rows() const { return rows_; }

 private:
  void begin_row(std::size_t values);
  static void add(wire::Builder& message, std::string_view text);
  static void add(wire::Builder& message, const std::string& text) {
    add(message, std::string_view(text));
  }
  static void add(wire::Builder& message, const char* text) {
    add(message, std::string_view(text));
  }
  static void add(wire::Builder& message, std::nullopt_t);
  template <std::integral T>
  static void add(wire::Builder& message, T number) {
    add(message, std::string_view(std::to_string(number)));
  }
  template <typename T>
  static void add(wire::Builder& message, const std::optional<T>& value) {
    if (value) return add(message, *value);
    add(message, std::nullopt);
  }

  std::span<const Column> columns_;
  std::vector<char> rows_;
  std::size_t taken_ = 0;  // bytes of rows_
  uint64_t row_count_ = 0;
};

}  // namespace pgring

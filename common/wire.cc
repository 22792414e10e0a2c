// Building PostgreSQL protocol messages.
#include "common/wire.h"

namespace pgring::wire {

Builder::Builder(std::vector<char>& out, char type) : out_(out) {
  out_.push_back(type);
  start_ = out_.size();
  out_.resize(start_ + 4);
}
Builder::~Builder() { store32(out_.data() + start_, static_cast<uint32_t>(out_.size() - start_)); }

Builder& Builder::byte(char value) {
  out_.push_back(value);
  return *this;
}
Builder& Builder::int16(uint16_t value) {
  out_.push_back(static_cast<char>(value >> 8));
  out_.push_back(static_cast<char>(value & 0xff));
  return *this;
}
Builder& Builder::int32(uint32_t value) {
  char encoded[4];
  store32(encoded, value);
  return bytes({encoded, 4});
}
Builder& Builder::text(std::string_view value) {
  bytes(value);
  return byte('\0');
}
Builder& Builder::bytes(std::string_view value) {
  out_.insert(out_.end(), value.begin(), value.end());
  return *this;
}

void append_error(std::vector<char>& out, const ErrorFields& fields, char type) {
  Builder message(out, type);
  message.byte('S').text(fields.severity).byte('V').text(fields.severity);
  message.byte('C').text(fields.sqlstate).byte('M').text(fields.message);
  if (!fields.detail.empty()) message.byte('D').text(fields.detail);
  if (!fields.hint.empty()) message.byte('H').text(fields.hint);
  message.byte('\0');
}

void append_ready(std::vector<char>& out, char status) { Builder(out, 'Z').byte(status); }

void append_parameter_status(std::vector<char>& out, std::string_view name,
                             std::string_view value) {
  Builder(out, 'S').text(name).text(value);
}

std::string_view error_field(std::string_view body, char code) {
  while (!body.empty() && body.front() != '\0') {
    const std::size_t end = body.find('\0', 1);
    if (end == std::string_view::npos) return {};
    if (body.front() == code) return body.substr(1, end - 1);
    body.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace pgring::wire

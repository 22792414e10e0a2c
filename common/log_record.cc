// The encoder and the decoder of log records.
#include "common/log_record.h"

#include <cstring>
#include <type_traits>

namespace pgring {
namespace {

constexpr std::string_view kTruncated = " [truncated]";

struct Header {
  uint32_t length;
  uint8_t level;
  uint8_t process_kind;
  uint16_t process_number;
  int32_t pid;
  uint16_t client_length;
  uint16_t user_length;
  uint16_t database_length;
  uint16_t text_length;
  uint8_t is_statement;
  uint8_t padding[3];
  int64_t time_us;
  uint64_t session;
};
static_assert(sizeof(Header) == kLogRecordHeader);
static_assert(offsetof(Header, length) == 0);  // log_ring_reader.cc takes the length from there
static_assert(std::is_trivially_copyable_v<Header>);
static_assert(std::is_trivially_copyable_v<StatementTimes>);
static_assert(kMaxLogText <= UINT16_MAX && kMaxLogName <= UINT16_MAX);

char* append(char* to, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

}  // namespace

std::string_view utf8_prefix(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && limit - end < 3 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end);
}

std::size_t encode_log_record(const LogRecord& record, std::span<char, kMaxLogRecord> out) {
  const std::string_view client = utf8_prefix(record.context.client, kMaxLogName);
  const std::string_view user = utf8_prefix(record.context.user, kMaxLogName);
  const std::string_view database = utf8_prefix(record.context.database, kMaxLogName);
  const bool cut = record.text.size() > kMaxLogText;
  const std::string_view text =
      cut ? utf8_prefix(record.text, kMaxLogText - kTruncated.size()) : record.text;

  char* end = out.data() + sizeof(Header);
  if (record.statement) {
    std::memcpy(end, &*record.statement, sizeof(StatementTimes));
    end += sizeof(StatementTimes);
  }
  end = append(end, client);
  end = append(end, user);
  end = append(end, database);
  char* const text_begin = end;
  end = append(end, text);
  if (cut) end = append(end, kTruncated);

  Header header{};
  header.length = static_cast<uint32_t>(end - out.data());
  header.level = static_cast<uint8_t>(record.level);
  header.process_kind = static_cast<uint8_t>(record.process.kind);
  header.process_number = record.process.number;
  header.pid = record.pid;
  header.client_length = static_cast<uint16_t>(client.size());
  header.user_length = static_cast<uint16_t>(user.size());
  header.database_length = static_cast<uint16_t>(database.size());
  header.text_length = static_cast<uint16_t>(end - text_begin);
  header.is_statement = record.statement ? 1 : 0;
  header.time_us = record.time_us;
  header.session = record.context.session;
  std::memcpy(out.data(), &header, sizeof(header));
  return header.length;
}

std::optional<LogRecord> decode_log_record(std::span<const char> bytes) {
  if (bytes.size() < sizeof(Header)) return std::nullopt;
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  const std::size_t times = header.is_statement != 0 ? sizeof(StatementTimes) : 0;
  const std::size_t strings = std::size_t{header.client_length} + header.user_length +
                              header.database_length + header.text_length;
  if (header.length != bytes.size() || sizeof(Header) + times + strings != bytes.size() ||
      header.level > static_cast<uint8_t>(LogLevel::kFatal) ||
      header.process_kind > static_cast<uint8_t>(LogProcessKind::kTool)) {
    return std::nullopt;
  }
  const char* next = bytes.data() + sizeof(Header) + times;
  const auto take = [&next](std::size_t length) {
    const std::string_view taken(next, length);
    next += length;
    return taken;
  };
  LogRecord record;
  if (times > 0) {
    std::memcpy(&record.statement.emplace(), bytes.data() + sizeof(Header), times);
  }
  record.time_us = header.time_us;
  record.level = static_cast<LogLevel>(header.level);
  record.process = {static_cast<LogProcessKind>(header.process_kind), header.process_number};
  record.pid = header.pid;
  record.context.client = take(header.client_length);
  record.context.user = take(header.user_length);
  record.context.database = take(header.database_length);
  record.context.session = header.session;
  record.text = take(header.text_length);
  return record;
}

int64_t log_record_time(std::span<const char, kLogRecordHeader> bytes) {
  int64_t time;
  std::memcpy(&time, bytes.data() + offsetof(Header, time_us), sizeof(time));
  return time;
}

}  // namespace pgring

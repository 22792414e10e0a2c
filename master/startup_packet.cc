// Decoding of startup packets.
#include "master/startup_packet.h"

#include <fmt/format.h>

#include "common/wire.h"

namespace pgring {
namespace {

StartupPacket malformed(std::string why) {
  StartupPacket packet;
  packet.kind = StartupKind::kMalformed;
  packet.error = std::move(why);
  return packet;
}

StartupPacket refused(uint32_t length, std::string_view sqlstate, std::string why) {
  StartupPacket packet;
  packet.kind = StartupKind::kRefused;
  packet.length = length;
  packet.sqlstate = sqlstate;
  packet.error = std::move(why);
  return packet;
}

// kIncomplete where the code is a version, not a request.
StartupKind request_kind(uint32_t code) {
  if (code == wire::kSslRequest) return StartupKind::kSslRequest;
  if (code == wire::kGssEncRequest) return StartupKind::kGssEncRequest;
  if (code == wire::kCancelRequest) return StartupKind::kCancel;
  return StartupKind::kIncomplete;
}

// Takes "name\0value\0...\0"; false where the layout is broken.
bool decode_parameters(std::string_view body, StartupPacket& packet) {
  while (!body.empty() && body.front() != '\0') {
    const std::size_t name_end = body.find('\0');
    if (name_end == std::string_view::npos) return false;
    const std::size_t value_end = body.find('\0', name_end + 1);
    if (value_end == std::string_view::npos) return false;
    const std::string_view name = body.substr(0, name_end);
    if (name.starts_with("_pq_.")) {
      packet.protocol_options.emplace_back(name);
    } else {
      packet.parameters.emplace_back(name, body.substr(name_end + 1, value_end - name_end - 1));
    }
    body.remove_prefix(value_end + 1);
  }
  return body.size() == 1;  // the final NUL, with nothing behind it
}

}  // namespace

StartupPacket decode_startup(std::string_view bytes, StartupKind declined) {
  StartupPacket packet;
  if (bytes.size() < 4) return packet;
  const uint32_t length = wire::load32(bytes.data());
  if (length < 8 || length > wire::kMaxStartupPacket) {
    return malformed(fmt::format("invalid length of startup packet: {}", length));
  }
  if (bytes.size() < 8) return packet;
  const uint32_t code = wire::load32(bytes.data() + 4);
  if (bytes.size() < length) return packet;
  packet.length = length;
  const std::string_view body = bytes.substr(8, length - 8);

  packet.kind = request_kind(code);
  if (packet.kind == StartupKind::kCancel) {
    // Protocol 3.2 allows keys of up to 256 bytes.
    if (body.size() < 8 || body.size() > 4 + 256) return malformed("invalid cancel request");
    packet.cancel_pid = wire::load32(body.data());
    packet.cancel_key = body.substr(4);
    return packet;
  }
  if (packet.kind != StartupKind::kIncomplete && packet.kind != declined) return packet;
  if (code >> 16 != 3) {
    return refused(length, "0A000",
                   fmt::format("unsupported frontend protocol {}.{}: server supports 3.0 to 3.0",
                               code >> 16, code & 0xffff));
  }
  if (!decode_parameters(body, packet)) {
    return refused(length, "08P01",
                   "invalid startup packet layout: expected terminator as last byte");
  }
  packet.kind = StartupKind::kStartup;
  packet.minor = static_cast<uint16_t>(code & 0xffff);
  return packet;
}

bool parse_options(std::string_view options,
                   std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<std::string> words;
  bool in_word = false;
  for (std::size_t i = 0; i < options.size(); ++i) {
    char c = options[i];
    if (c == ' ' || c == '\t' || c == '\n') {
      in_word = false;
      continue;
    }
    if (c == '\\' && i + 1 < options.size()) c = options[++i];
    if (!in_word) words.emplace_back();
    in_word = true;
    words.back().push_back(c);
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string setting;
    if (words[i].starts_with("--")) {
      setting = words[i].substr(2);
    } else if (words[i] == "-c" && i + 1 < words.size()) {
      setting = words[++i];
    } else if (words[i].starts_with("-c")) {
      setting = words[i].substr(2);
    } else {
      return false;
    }
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) return false;
    for (char& c : setting) {
      if (&c - setting.data() >= static_cast<std::ptrdiff_t>(equals)) break;
      if (c == '-') c = '_';
    }
    pairs.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return true;
}

}  // namespace pgring

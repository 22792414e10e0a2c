// systemd's journal through libsystemd.
#define SD_JOURNAL_SUPPRESS_LOCATION  // this file and line would be no news
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include <array>
#include <cerrno>

#include "common/platform_journal.h"

namespace pgring {

bool journal_available() { return true; }

int journal_send(std::span<const std::string> fields) {
  std::array<iovec, 16> parts{};
  if (fields.size() > parts.size()) return E2BIG;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    parts[i] = {const_cast<char*>(fields[i].data()), fields[i].size()};
  }
  return -sd_journal_sendv(parts.data(), static_cast<int>(fields.size()));
}

}  // namespace pgring

// A system without systemd's journal.
#include <cerrno>

#include "common/platform_journal.h"

namespace pgring {

bool journal_available() { return false; }

int journal_send(std::span<const std::string> /*fields*/) { return ENOSYS; }

}  // namespace pgring

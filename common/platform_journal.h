// systemd's journal, where there is one: platform_journal_systemd.cc with libsystemd,
// platform_journal_none.cc without.
#pragma once

#include <span>
#include <string>

namespace pgring {

bool journal_available();
// Each field is "NAME=value". 0 or errno; ENOSYS where there is no journal.
int journal_send(std::span<const std::string> fields);

}  // namespace pgring
